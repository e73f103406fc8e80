#include "api/structure.h"

#include "serialization/objects/object_config.h"

namespace lamina {

bool is_nested(const Value& v) { return v.is_sequence() || (v.is_dict() && !is_serialized_object(v)); }

namespace {

std::vector<std::string> sorted_keys(const Dict& d) {
  std::vector<std::string> keys;
  for (const auto& [key, v] : d) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

void collect(const Value& v, std::vector<Value>& out) {
  if (!is_nested(v))
    out.push_back(v);
  else if (v.is_sequence())
    for (const Value& item : v.as_list()) collect(item, out);
  else
    for (const std::string& key : sorted_keys(v.as_dict())) collect(v.as_dict().at(key), out);
}

Value rebuild(const Value& like, std::span<const Value> leaves, size_t& next) {
  if (!is_nested(like)) return leaves[next++];
  Value out = like;
  if (out.is_sequence())
    for (Value& item : out.as_list()) item = rebuild(item, leaves, next);
  else
    for (const std::string& key : sorted_keys(like.as_dict()))
      out.as_dict()[key] = rebuild(like.as_dict().at(key), leaves, next);
  return out;
}

}  // namespace

std::vector<Value> structure_leaves(const Value& v) {
  std::vector<Value> out;
  collect(v, out);
  return out;
}

Value structure_like(const Value& structure, std::span<const Value> leaves) {
  size_t next = 0;
  return rebuild(structure, leaves, next);
}

bool same_structure(const Value& a, const Value& b, bool same_kind) {
  if (!is_nested(a) || !is_nested(b)) return is_nested(a) == is_nested(b);
  if (a.is_dict() || b.is_dict()) {
    if (!a.is_dict() || !b.is_dict() || a.as_dict().size() != b.as_dict().size()) return false;
    for (const auto& [key, v] : a.as_dict()) {
      const Value* w = b.as_dict().find(key);
      if (!w || !same_structure(v, *w, same_kind)) return false;
    }
    return true;
  }
  if ((same_kind && a.is_list() != b.is_list()) || a.as_list().size() != b.as_list().size()) return false;
  for (size_t i = 0; i < a.as_list().size(); ++i)
    if (!same_structure(a.as_list()[i], b.as_list()[i], same_kind)) return false;
  return true;
}

std::string structure_text(const Value& v, const std::function<std::string(const Value&)>& leaf) {
  if (!is_nested(v)) return leaf ? leaf(v) : "*";
  std::vector<std::string> parts;
  if (v.is_dict()) {
    for (const std::string& key : sorted_keys(v.as_dict()))
      parts.push_back(text("'", key, "': ", structure_text(v.as_dict().at(key), leaf)));
    return text('{', join(parts, ", "), '}');
  }
  for (const Value& item : v.as_list()) parts.push_back(structure_text(item, leaf));
  return v.is_list() ? text('[', join(parts, ", "), ']') : text('(', join(parts, ", "), parts.size() == 1 ? ",)" : ")");
}

std::vector<std::string> structure_paths(const Value& v) {
  if (!is_nested(v)) return {""};
  std::vector<std::string> out;
  auto add = [&](const std::string& key, const Value& item) {
    for (const std::string& inner : structure_paths(item)) out.push_back(inner.empty() ? key : key + "." + inner);
  };
  if (v.is_dict())
    for (const std::string& key : sorted_keys(v.as_dict())) add(key, v.as_dict().at(key));
  else
    for (size_t i = 0; i < v.as_list().size(); ++i) add(text(i), v.as_list()[i]);
  return out;
}

const Value& at_path(const Value& v, std::span<const Value> path) {
  const Value* at = &v;
  for (const Value& key : path)
    at = key.is_string() ? &at->as_dict().at(key.as_string()) : &at->as_list().at(key.as_int());
  return *at;
}

}  // namespace lamina
