#include "api/config.h"

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "backends/core/settings.h"
#include "backends/cpu/thread_pool.h"
#include "serialization/formats/atomic_file.h"
#include "serialization/formats/json/json.h"

namespace lamina {

namespace {

[[noreturn]] void bad(const std::string& where, const std::string& key, const Value& given, const char* expected) {
  throw ValueError(where, ": the value of \"", key, "\" must be ", expected, ", received ", given.repr(), ".");
}

Device device(const std::string& where, const std::string& key, const Value& v) {
  Device out;
  try {
    out = parse_device(v.is_string() ? v.as_string() : "");
  } catch (const Error&) { bad(where, key, v, "\"cpu\", \"cuda\", \"cuda:1\" or the like"); }
  try {
    if (!out.is_host()) driver_of(out);
  } catch (const Error& e) { throw ValueError(where, ": \"device\" is \"", v.as_string(), "\", but ", e.what()); }
  return out;
}

void set(const std::string& where, const std::string& key, const Value& v) {
  auto choice = [&](std::initializer_list<const char*> options, const char* expected) -> std::string {
    if (v.is_string())
      for (const char* o : options)
        if (v.as_string() == o) return o;
    bad(where, key, v, expected);
  };
  if (key == "backend") {
    settings().set_graph_engine(choice({"graph", "eager"}, "\"graph\" or \"eager\"") == "graph");
  } else if (key == "device") {
    settings().set_device(device(where, key, v));
  } else if (key == "floatx") {
    settings().set_floatx(*find_dtype(choice({"float16", "bfloat16", "float32", "float64"},
                                             "\"float16\", \"bfloat16\", \"float32\" or \"float64\"")));
  } else if (key == "image_data_format") {
    settings().set_channels_last(
        choice({"channels_last", "channels_first"}, "\"channels_last\" or \"channels_first\"") == "channels_last");
  } else if (key == "lost_masks") {
    settings().set_lost_masks_fail(choice({"warn", "error"}, "\"warn\" or \"error\"") == "error");
  } else if (key == "tf32" || key == "record_steps") {
    if (!v.is_bool()) bad(where, key, v, "true or false");
    if (key == "tf32")
      settings().set_tf32(v.as_bool());
    else
      settings().set_record_steps(v.as_bool());
  } else if (key == "epsilon") {
    if (!(v.is_int() || v.is_real()) || v.as_number() <= 0) bad(where, key, v, "a positive number");
    settings().set_epsilon(v.as_number());
  } else if (key == "threads") {
    if (!v.is_int() || v.as_int() < 0 || v.as_int() > 1024)
      bad(where, key, v, "a number of threads from 0 (one per core) to 1024");
    settings().set_threads(static_cast<int>(v.as_int()));
  } else {
    std::vector<std::string> known = {"backend",    "device",       "floatx",  "epsilon", "image_data_format",
                                      "lost_masks", "record_steps", "threads", "tf32"};
    std::string near = nearest_name(key, known);
    throw ValueError(where, ": unknown key \"", key, "\".", near.empty() ? "" : text(" Did you mean \"", near, "\"?"),
                     " Known keys: ", join(known, ", "), ".");
  }
}

std::string find_file() {
  if (const char* named = std::getenv("LAMINA_CONFIG"); named && *named) {
    if (!std::filesystem::exists(named)) throw ValueError("LAMINA_CONFIG names ", named, ", which does not exist.");
    return named;
  }
  std::error_code ignored;
  if (std::filesystem::exists("lamina.json", ignored)) return "lamina.json";
  if (const char* home = std::getenv("HOME")) {
    std::string path = std::string(home) + "/.lamina/lamina.json";
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return "";
}

const bool installed = (set_settings_loader([] { load_configuration(); }), true);

// A limit that the environment may set.
class Limit {
 public:
  Limit(const char* name, const char* variable) : name_(name) {
    if (const char* v = std::getenv(variable); v && *v) {
      char* end = nullptr;
      const long long most = std::strtoll(v, &end, 10);
      if (*end) throw ValueError(variable, " must be a number, received \"", v, "\".");
      set(most);
    }
  }
  std::optional<int64_t> get() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return most_;
  }
  void set(std::optional<int64_t> most) {
    if (most && *most < 1)
      throw ValueError("`", name_, "` must be at least 1, or None for no limit. Received: ", *most);
    std::lock_guard<std::mutex> lock(mutex_);
    most_ = most;
  }

 private:
  const char* name_;
  mutable std::mutex mutex_;
  std::optional<int64_t> most_;
};
Limit& epochs_limit() {
  static Limit limit("max_epochs", "KERAS_MAX_EPOCHS");
  return limit;
}
Limit& steps_limit() {
  static Limit limit("max_steps_per_epoch", "KERAS_MAX_STEPS_PER_EPOCH");
  return limit;
}

}  // namespace

std::optional<int64_t> max_epochs() { return epochs_limit().get(); }
void set_max_epochs(std::optional<int64_t> most) { epochs_limit().set(most); }
std::optional<int64_t> max_steps_per_epoch() { return steps_limit().get(); }
void set_max_steps_per_epoch(std::optional<int64_t> most) { steps_limit().set(most); }

void load_configuration(const std::string& path) {
  Value config = parse_json(read_file(path, 1 << 20), path);
  if (!config.is_dict())
    throw ValueError(path, ": expected an object such as {\"backend\": \"graph\"}, received ", config.repr(), ".");
  for (const auto& [key, v] : config.as_dict()) set(path, key, v);
}

Device usable_device(const std::string& name) {
  const Device device = parse_device(name);
  try {
    if (!device.is_host()) driver_of(device);
  } catch (const Error& e) { throw UnsupportedError("The device '", name, "' cannot be used: ", e.what()); }
  return device;
}

void set_device(const std::string& name) { settings().set_device(usable_device(name)); }

void set_threads(int64_t count) { set("set_threads()", "threads", Value(count)); }
int threads() { return thread_count(); }

void load_configuration() {
  if (std::string path = find_file(); !path.empty()) load_configuration(path);
  if (const char* v = std::getenv("LAMINA_BACKEND"); v && *v) set("LAMINA_BACKEND", "backend", Value(v));
  if (const char* v = std::getenv("LAMINA_DEVICE"); v && *v) set("LAMINA_DEVICE", "device", Value(v));
  if (const char* v = std::getenv("LAMINA_THREADS"); v && *v) {
    char* end = nullptr;
    const long number = std::strtol(v, &end, 10);
    set("LAMINA_THREADS", "threads", *end ? Value(v) : Value(static_cast<int64_t>(number)));
  }
}

}  // namespace lamina
