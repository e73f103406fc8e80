#pragma once
// Nested structures of lists, tuples and dicts, as compile() matches losses and metrics with a model's outputs.
#include "backends/core/value.h"

namespace lamina {

// Serialized objects ({"class_name": ...}) are leaves.
bool is_nested(const Value& v);
std::vector<Value> structure_leaves(const Value& v);  // dict entries in key order
Value structure_like(const Value& structure, std::span<const Value> leaves);
// Whether two structures have the same shape; with `same_kind`, lists and tuples differ.
bool same_structure(const Value& a, const Value& b, bool same_kind = true);
// "[*, {'a': *}]", for errors; leaves as `leaf` names them.
std::string structure_text(const Value& v, const std::function<std::string(const Value&)>& leaf = nullptr);
// Of each leaf: "0.foo", "" for a single leaf.
std::vector<std::string> structure_paths(const Value& v);
// The entry at a path of dict keys and sequence indices.
const Value& at_path(const Value& v, std::span<const Value> path);

}  // namespace lamina
