#pragma once
// Links and attributes that newer files keep beside the object header: objects of a fractal heap, listed by a B-tree of
// the second version. Groups of more than eight links have them when a name is marked as UTF-8 or HDF5's 'latest'
// format is on.
#include <functional>
#include <vector>

#include "serialization/formats/hdf5/hdf5_input.h"

namespace lamina {

// Reads a piece of the file and charges it to the reader's budget.
using Hdf5Fetch = std::function<std::string(uint64_t address, uint64_t count)>;

// The objects (messages without their prefix) in the order of the index. Hdf5Damage for broken structures, and as
// unsupported for heaps of more than 512 KB or so, huge objects and filtered heaps.
std::vector<std::string> hdf5_dense_objects(const Hdf5Fetch& fetch, const Hdf5Cursor& format, uint64_t heap,
                                            uint64_t index, uint64_t max_objects);

}  // namespace lamina
