#include "backends/core/fields.h"

#include "backends/core/constant_value.h"

namespace lamina {

void from_value(const Value& v, Value& out) { out = v; }
void from_value(const Value& v, bool& out) { out = v.as_bool(); }
void from_value(const Value& v, int& out) {
  const int64_t wide = v.as_int();
  if (wide != static_cast<int>(wide)) throw OverflowError("Expected an integer of 32 bits, received ", wide, ".");
  out = static_cast<int>(wide);
}
void from_value(const Value& v, int64_t& out) { out = v.as_int(); }
void from_value(const Value& v, PositiveInt& out) {
  if (!v.is_int() || v.as_int() <= 0) throw ValueError("Expected a positive integer.");
  out = v.as_int();
}
void from_value(const Value& v, double& out) { out = v.as_number(); }
void from_value(const Value& v, std::string& out) { out = v.is_none() ? std::string() : v.as_string(); }
void from_value(const Value& v, Tensor& out) { out = v.is_none() ? Tensor() : v.as_tensor(); }
void from_value(const Value& v, Shape& out) { out = v.as_shape(); }
void from_value(const Value& v, DType& out) { out = parse_dtype(v.as_string()); }
void from_value(const Value& v, List& out) { out = (v.is_tensor() ? plain_numbers(v) : v).as_list(); }
void from_value(const Value& v, Dict& out) { out = v.is_none() ? Dict() : v.as_dict(); }
void from_value(const Value& v, ObjectPtr& out) { out = v.is_none() ? nullptr : v.as_object(); }

namespace {
template <class T>
void read_items(const Value& v, std::vector<T>& out) {
  out.clear();
  if constexpr (std::is_arithmetic_v<T>) {
    if (v.is_tensor() && v.as_tensor().rank() == 1) {  // an array of numbers
      const Tensor& t = v.as_tensor();
      for (int64_t i = 0; i < t.size(); ++i)
        out.push_back(value_to<T>(is_float(t.dtype()) ? Value(t.at(i)) : Value(static_cast<int64_t>(t.at(i)))));
      return;
    }
  }
  if (!v.is_sequence()) {
    out.push_back(value_to<T>(v));
    return;
  }
  for (const Value& item : v.as_list()) out.push_back(value_to<T>(item));
}
template <class T>
Value write_items(const std::vector<T>& items) {
  List out;
  for (const T& item : items) out.push_back(Value(item));
  return out;
}
}  // namespace
void from_value(const Value& v, Tensors& out) { read_items(v, out); }
void from_value(const Value& v, std::vector<int>& out) { read_items(v.is_tensor() ? whole_numbers(v) : v, out); }
void from_value(const Value& v, std::vector<int64_t>& out) { read_items(v.is_tensor() ? whole_numbers(v) : v, out); }
void from_value(const Value& v, std::vector<double>& out) { read_items(v, out); }
void from_value(const Value& v, std::vector<std::string>& out) { read_items(v, out); }

Value to_value(DType v) { return Value(name_of(v)); }
Value to_value(PositiveInt v) { return Value(v.value); }
Value to_value(const Tensors& v) { return write_items(v); }
Value to_value(const std::vector<int>& v) { return write_items(v); }
Value to_value(const std::vector<int64_t>& v) { return write_items(v); }
Value to_value(const std::vector<double>& v) { return write_items(v); }
Value to_value(const std::vector<std::string>& v) { return write_items(v); }

namespace {

class Reader final : public Fields {
 public:
  Reader(const std::string& owner, const Dict& config) : owner_(owner), config_(config) {}
  void finish(Dict* extra) {
    check_required();
    for (const auto& [key, value] : config_) {
      if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
      if (extra) {
        extra->set(key, value);
        continue;
      }
      throw unknown_argument(owner_, key, known_);
    }
  }
  static TypeError unknown_argument(const std::string& owner, const std::string& key,
                                    const std::vector<std::string>& known) {
    std::string near = nearest_name(key, known);
    return TypeError(owner, " got an unexpected keyword argument '", key, "'.",
                     near.empty() ? "" : text(" Did you mean '", near, "'?"), " Known arguments: ", join(known, ", "),
                     ".");
  }

 private:
  void visit(const char* name, const char*, const Setter& set, const Getter&) override {
    check_required();
    known_.push_back(name);
    const Value* given = config_.find(name);
    missing_ = !given;
    if (!given) return;
    try {
      set(*given);
    } catch (Error& e) {
      e.add({ErrorFrame::Kind::argument, name, owner_, given->repr()});
      throw;
    }
  }
  void mark_required() override { required_ = true; }
  void check_required() {
    if (required_ && missing_) throw TypeError(owner_, " is missing the required argument '", known_.back(), "'.");
    required_ = missing_ = false;
  }

  const std::string& owner_;
  const Dict& config_;
  std::vector<std::string> known_;
  bool missing_ = false, required_ = false;
};

class Writer final : public Fields {
 public:
  explicit Writer(Dict& out) : out_(out) {}

 private:
  void visit(const char* name, const char*, const Setter&, const Getter& get) override {
    out_.set(last_ = name, get());
  }
  void mark_hidden() override { out_.erase(last_); }
  Dict& out_;
  std::string last_;
};

class Describer final : public Fields {
 public:
  std::vector<FieldInfo> out;

 private:
  void visit(const char* name, const char* doc, const Setter&, const Getter& get) override {
    out.push_back({name, get(), false, doc});
  }
  void mark_type(const std::type_info& type) override { out.back().type = &type; }
  void mark_required() override { out.back().required = true; }
  void mark_shown(Value value) override { out.back().default_value = std::move(value); }
};

}  // namespace

bool set_field(const std::string& owner, const std::string& name, const Value& value,
               const std::function<void(Fields&)>& list) {
  class Setting final : public Fields {
   public:
    Setting(const std::string& owner, const std::string& name, const Value& value)
        : owner_(owner), name_(name), value_(value) {}
    bool found = false;

   private:
    void visit(const char* name, const char*, const Setter& set, const Getter&) override {
      if (name_ != name) return;
      found = true;
      try {
        set(value_);
      } catch (Error& e) {
        e.add({ErrorFrame::Kind::argument, name, owner_, value_.repr()});
        throw;
      }
    }
    const std::string &owner_, &name_;
    const Value& value_;
  };
  Setting setting(owner, name, value);
  list(setting);
  return setting.found;
}

std::optional<Value> attribute_of(const Object& object, const std::string& name) {
  class Getting final : public Fields {
   public:
    explicit Getting(const std::string& name) : name_(name) {}
    std::optional<Value> found;

   private:
    void visit(const char* name, const char*, const Setter&, const Getter& get) override {
      if (!found && name_ == name) found = get();
    }
    const std::string& name_;
  };
  Getting getting(name);
  const_cast<Object&>(object).attributes(getting);
  return getting.found;
}

bool set_attribute(Object& object, const std::string& name, const Value& value) {
  return set_field(object.public_class_name(), name, value, [&](Fields& f) { object.attributes(f); });
}

void read_fields(const std::string& owner, const Dict& config, const std::function<void(Fields&)>& list, Dict* extra) {
  Reader reader(owner, config);
  list(reader);
  reader.finish(extra);
}

void write_fields(Dict& config, const std::function<void(Fields&)>& list) {
  Writer writer(config);
  list(writer);
}

std::vector<FieldInfo> describe_fields(const std::function<void(Fields&)>& list) {
  Describer describer;
  list(describer);
  return std::move(describer.out);
}

}  // namespace lamina
