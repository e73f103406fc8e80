#pragma once
// Pipelines of data: slices of tensors, files of text and images, map, shuffle, batch, prefetch.
#include "api/data/dataset/dataset.h"
#include "api/data/dataset/file_readers.h"
#include "api/data/dataset/text_files.h"
