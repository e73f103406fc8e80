#pragma once
#include "api/data/dataset/dataset.h"

namespace lamina {

// The contents of text files in place of their numbers: `numbers` gives indices of `paths`, or (index, label) and so
// on. Of each at most `most_bytes`. IOError where a file cannot be read.
Dataset read_texts(const Dataset& numbers, std::vector<std::string> paths, std::optional<int64_t> most_bytes = {},
                   int workers = 1);

}  // namespace lamina
