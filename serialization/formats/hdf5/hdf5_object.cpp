#include "serialization/formats/hdf5/hdf5_object.h"

#include <algorithm>

#include "serialization/formats/hdf5/hdf5_dense.h"

namespace lamina {

namespace {

constexpr std::string_view kSignature("\x89HDF\r\n\x1a\n", 8);
constexpr size_t kMaxMessages = 1 << 16;

void check_sum(std::string_view bytes, std::string_view what) {  // the last four bytes are the sum of the others
  std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (Hdf5Cursor(bytes.substr(body.size())).u32() != hdf5_checksum(body))
    damaged("the checksum of ", what, " is wrong");
}

}  // namespace

const Hdf5Header::Item* Hdf5Header::find(Hdf5Message type) const {
  for (const Item& item : items)
    if (item.type == type) return &item;
  return nullptr;
}

std::string_view Hdf5Header::require(Hdf5Message type, std::string_view what) const {
  const Item* item = find(type);
  if (!item) damaged("it has no ", what);
  if (item->shared) unsupported("its ", what, " is shared with other objects, which is not read");
  return item->bytes;
}

Hdf5Structure::Hdf5Structure(Hdf5Input input, uint64_t max_objects)
    : input_(std::move(input)), max_objects_(max_objects) {
  uint64_t base = 0;
  for (;; base = base ? base * 2 : 512) {
    if (base > input_.size() || input_.size() - base < kSignature.size()) damaged("file signature not found");
    input_.set_base(0);
    if (input_.read(base, kSignature.size()) == kSignature) break;
  }
  input_.set_base(base);
  constexpr uint64_t kLongest = 128;
  std::string block = input_.read(0, std::min(input_.end(), kLongest));
  Hdf5Cursor in(block);
  in.skip(kSignature.size());
  int version = in.u8();
  if (version > 3) unsupported("superblock version ", version, " is not known");
  if (version < 2) in.skip(4);
  address_size_ = in.u8(), length_size_ = in.u8();
  for (int size : {address_size_, length_size_})
    if (size != 2 && size != 4 && size != 8) damaged("addresses or lengths of ", size, " bytes");
  Hdf5Cursor rest = cursor(std::string_view(block).substr(in.position()));
  if (version < 2)
    rest.skip(version == 1 ? 13 : 9);  // sizes of nodes, flags
  else
    rest.skip(1);
  uint64_t stated_base = rest.address();
  if (stated_base != base && stated_base != 0)
    damaged("the file says that it starts at ", stated_base, ", but its signature is at ", base);
  rest.skip(static_cast<uint64_t>(address_size_));  // free space, or the superblock's extension
  uint64_t end = rest.address();
  if (version < 2) {
    rest.skip(static_cast<uint64_t>(address_size_) * 2);  // driver information, name of the root
    root_ = rest.address();
  } else {
    root_ = rest.address();
    uint64_t length = in.position() + rest.position() + 4;
    check_sum(input_.read(0, length), "the superblock");
  }
  budget_ = 2 * input_.size() + (1 << 16);  // sound structures do not overlap
  // The stated end counts from the start of the file.
  uint64_t stated_size = end;
  if (stated_size == kUndefinedAddress || stated_size > input_.size())
    damaged("truncated file: it says that it has ", stated_size, " bytes, but there are ", input_.size());
}

// ---- object headers ----

std::string Hdf5Structure::metadata(uint64_t address, uint64_t count) {
  if (count > budget_) damaged("its structures overlap");
  std::string out = input_.read(address, count);
  budget_ -= count;
  return out;
}

const Hdf5Header& Hdf5Structure::header(uint64_t address) {
  if (auto found = headers_.find(address); found != headers_.end()) return found->second;
  Hdf5Header out;
  out.address = address;
  std::string prefix =
      input_.read(address, std::min<uint64_t>(input_.end() > address ? input_.end() - address : 0, 64));
  if (prefix.starts_with("OHDR"))
    parse_new_header(out, prefix);
  else
    parse_old_header(out, prefix);
  if (const auto* info = out.find(Hdf5Message::attribute_info)) {
    Hdf5Cursor in = cursor(info->bytes);
    in.skip(1);
    if (in.u8() & 1) in.skip(2);
    uint64_t heap = in.address(), index = in.address();
    if (heap != kUndefinedAddress)
      for (std::string& bytes : dense(heap, index))
        out.items.push_back({Hdf5Message::attribute, false, std::move(bytes)});
  }
  return headers_.emplace(address, std::move(out)).first->second;
}

void Hdf5Structure::parse_old_header(Hdf5Header& out, const std::string& prefix) {
  Hdf5Cursor in(prefix);
  if (int version = in.u8(); version != 1) damaged("there is no object at address ", out.address);
  in.skip(7);  // reserved, number of messages, references
  uint64_t size = in.u32();
  constexpr uint64_t kPrefix = 16;
  std::vector<std::pair<uint64_t, uint64_t>> blocks{{out.address + kPrefix, size}};
  std::unordered_set<uint64_t> seen;
  for (size_t i = 0; i < blocks.size(); ++i) {
    auto [at, length] = blocks[i];
    if (!seen.insert(at).second) damaged("an object header continues in itself");
    parse_old_messages(out, metadata(at, length), blocks);
  }
}

void Hdf5Structure::parse_old_messages(Hdf5Header& out, std::string_view block,
                                       std::vector<std::pair<uint64_t, uint64_t>>& more) const {
  Hdf5Cursor in = cursor(block);
  constexpr uint64_t kFront = 8;
  while (in.left() >= kFront) {
    auto type = static_cast<Hdf5Message>(in.u16());
    uint64_t size = in.u16();
    bool shared = in.u8() & 2;
    in.skip(3);
    std::string_view bytes = in.take(size);
    if (out.items.size() >= kMaxMessages) damaged("an object has more than ", kMaxMessages, " messages");
    if (type == Hdf5Message::continuation) {
      Hdf5Cursor to = cursor(bytes);
      uint64_t at = to.address();
      more.emplace_back(at, to.length());
    } else if (type != Hdf5Message{}) {
      out.items.push_back({type, shared, std::string(bytes)});
    }
  }
}

void Hdf5Structure::parse_new_header(Hdf5Header& out, const std::string& prefix) {
  Hdf5Cursor in(prefix);
  in.expect("OHDR", "an object header");
  if (int version = in.u8(); version != 2) damaged("object header version ", version, " is not known");
  int flags = in.u8();
  if (flags & 32) in.skip(16);  // times
  if (flags & 16) in.skip(4);   // limits of attributes
  uint64_t size = in.number(1 << (flags & 3)), front = in.position();
  if (size > input_.end()) damaged("an object header is larger than the file");
  std::string whole = metadata(out.address, front + size + 4);
  check_sum(whole, "an object header");
  std::vector<std::pair<uint64_t, uint64_t>> blocks;
  std::unordered_set<uint64_t> seen;
  parse_new_messages(out, std::string_view(whole).substr(front, size), flags & 4, blocks);
  for (size_t i = 0; i < blocks.size(); ++i) {
    auto [at, length] = blocks[i];
    if (!seen.insert(at).second) damaged("an object header continues in itself");
    if (length < 8) damaged("a continued object header is too short");
    std::string block = metadata(at, length);
    if (!block.starts_with("OCHK")) damaged("a continued object header has no signature 'OCHK'");
    check_sum(block, "an object header");
    parse_new_messages(out, std::string_view(block).substr(4, length - 8), flags & 4, blocks);
  }
}

void Hdf5Structure::parse_new_messages(Hdf5Header& out, std::string_view block, bool ordered,
                                       std::vector<std::pair<uint64_t, uint64_t>>& more) const {
  Hdf5Cursor in = cursor(block);
  const uint64_t front = ordered ? 6 : 4;
  while (in.left() >= front) {  // a smaller rest is a gap
    auto type = static_cast<Hdf5Message>(in.u8());
    uint64_t size = in.u16();
    bool shared = in.u8() & 2;
    if (ordered) in.skip(2);
    std::string_view bytes = in.take(size);
    if (out.items.size() >= kMaxMessages) damaged("an object has more than ", kMaxMessages, " messages");
    if (type == Hdf5Message::continuation) {
      Hdf5Cursor to = cursor(bytes);
      uint64_t at = to.address();
      more.emplace_back(at, to.length());
    } else if (type != Hdf5Message{}) {
      out.items.push_back({type, shared, std::string(bytes)});
    }
  }
}

// ---- groups ----

bool Hdf5Structure::is_group(const Hdf5Header& header) const {
  return !is_dataset(header) && (header.find(Hdf5Message::symbol_table) || header.find(Hdf5Message::link_info) ||
                                 header.find(Hdf5Message::link));
}

const Hdf5Links& Hdf5Structure::links(const Hdf5Header& group) {
  if (auto found = links_.find(group.address); found != links_.end()) return found->second;
  Hdf5Links out = links_of(group);
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return links_.emplace(group.address, std::move(out)).first->second;
}

std::vector<std::string> Hdf5Structure::dense(uint64_t heap, uint64_t index) {
  Hdf5Cursor format = cursor({});
  return hdf5_dense_objects([this](uint64_t address, uint64_t count) { return metadata(address, count); }, format, heap,
                            index, max_objects_);
}

std::pair<std::string, Hdf5Link> Hdf5Structure::link_of(std::string_view bytes) const {
  Hdf5Cursor in = cursor(bytes);
  if (int version = in.u8(); version != 1) damaged("link version ", version, " is not known");
  int flags = in.u8(), kind = flags & 8 ? in.u8() : 0;
  if (flags & 4) in.skip(8);   // creation order
  if (flags & 16) in.skip(1);  // character set
  std::string name(in.take(in.number(1 << (flags & 3))));
  Hdf5Link link;
  if (kind == 0)
    link.address = in.address();
  else
    link.kind = kind == 1 ? Hdf5Link::Kind::soft : kind == 64 ? Hdf5Link::Kind::external : Hdf5Link::Kind::unknown;
  return {std::move(name), link};
}

Hdf5Links Hdf5Structure::links_of(const Hdf5Header& group) {
  Hdf5Links out;
  if (group.find(Hdf5Message::symbol_table)) {
    Hdf5Cursor table = cursor(group.require(Hdf5Message::symbol_table, "symbol table"));
    uint64_t tree = table.address(), heap = table.address();
    std::string front = input_.read(heap, static_cast<uint64_t>(8 + 2 * length_size_ + address_size_));
    Hdf5Cursor in = cursor(front);
    in.expect("HEAP", "a group's heap of names");
    in.skip(4);
    uint64_t size = in.length();
    in.skip(static_cast<uint64_t>(length_size_));  // the free list
    Symbols symbols;
    symbols.names = metadata(in.address(), size);
    add_symbols(symbols, tree, -1);
    return std::move(symbols.links);
  }
  if (const auto* info = group.find(Hdf5Message::link_info)) {
    Hdf5Cursor in = cursor(info->bytes);
    in.skip(1);
    int flags = in.u8();
    if (flags & 1) in.skip(8);
    uint64_t heap = in.address(), index = in.address();
    if (heap != kUndefinedAddress)
      for (const std::string& bytes : dense(heap, index)) out.push_back(link_of(bytes));
  }
  for (const auto& item : group.items) {
    if (item.type != Hdf5Message::link) continue;
    if (item.shared) unsupported("it shares a link with other objects, which is not read");
    out.push_back(link_of(item.bytes));
  }
  return out;
}

// Levels go down from a root that may have any; each node is visited once.
void Hdf5Structure::add_symbols(Symbols& out, uint64_t node, int level) {
  if (!out.seen.insert(node).second) damaged("a group's tree of names holds a node twice");
  const auto address = static_cast<uint64_t>(address_size_), length = static_cast<uint64_t>(length_size_);
  if (level == 0) {  // a leaf of symbols
    std::string front = input_.read(node, 8);
    Hdf5Cursor in(front);
    in.expect("SNOD", "a leaf of a group's tree");
    in.skip(2);
    uint64_t count = in.u16(), entry = 2 * address + 24;
    std::string block = metadata(node + 8, count * entry);
    for (uint64_t i = 0; i < count; ++i) {
      Hdf5Cursor symbol = cursor(std::string_view(block).substr(i * entry, entry));
      uint64_t name = symbol.address();
      Hdf5Link link;
      link.address = symbol.address();
      if (symbol.u32() == 2) link.kind = Hdf5Link::Kind::soft;
      size_t end = name < out.names.size() ? out.names.find('\0', name) : std::string::npos;
      if (end == std::string::npos) damaged("a name lies outside its group's heap");
      if ((out.name_bytes += end - name) > out.names.size()) damaged("names of a group overlap");
      if (out.links.size() >= max_objects_) damaged("expected at most ", max_objects_, " objects; received more");
      out.links.emplace_back(out.names.substr(name, end - name), link);
    }
    return;
  }
  std::string front = input_.read(node, 8 + 2 * address);
  Hdf5Cursor in(front);
  in.expect("TREE", "a group's tree of names");
  int type = in.u8(), own = in.u8();
  uint64_t count = in.u16();
  if (type != 0 || (level >= 0 && own != level - 1)) damaged("a group's tree of names has a node of another kind");
  std::string block = metadata(node + front.size(), count * (length + address));
  Hdf5Cursor entries = cursor(block);
  for (uint64_t i = 0; i < count; ++i) {
    entries.skip(length);  // the key
    add_symbols(out, entries.address(), own);
  }
}

// ---- global heaps ----

std::string Hdf5Structure::heap_object(uint64_t collection, uint32_t index, uint64_t size) {
  auto found = collections_.find(collection);
  if (found == collections_.end()) {
    Collection made;
    const uint64_t front = 8 + static_cast<uint64_t>(length_size_);
    std::string head = input_.read(collection, front);
    Hdf5Cursor in = cursor(head);
    in.expect("GCOL", "a heap of strings");
    in.skip(4);
    uint64_t total = in.length();
    if (total < front) damaged("a heap of strings is too short");
    made.bytes = metadata(collection, total);
    Hdf5Cursor all = cursor(made.bytes);
    all.skip(front);
    const uint64_t object = 8 + static_cast<uint64_t>(length_size_);
    while (all.left() >= object) {
      uint32_t number = all.u16();
      all.skip(6);
      uint64_t bytes = all.length();
      if (number == 0) break;  // free space to the end
      made.objects[number] = {all.position(), bytes};
      all.skip(bytes);
      all.align(8);
    }
    found = collections_.emplace(collection, std::move(made)).first;
  }
  auto object = found->second.objects.find(index);
  if (object == found->second.objects.end()) damaged("a string is missing from its heap");
  if (size > object->second.size) damaged("a string is longer than its place in the heap");
  return found->second.bytes.substr(object->second.at, size);
}

}  // namespace lamina
