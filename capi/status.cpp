#include <cstdlib>
#include <cstring>
#include <new>

#include "api/config.h"
#include "backends/core/settings.h"
#include "backends/core/warning.h"
#include "backends/ops/random/seed_generator.h"
#include "capi/handles.h"
#include "lamina/version.h"
#include "serialization/formats/json/json.h"

namespace lamina::capi {
namespace {

thread_local std::string last_error;

}  // namespace

void remember_error(const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();  // what short strings hold needs no memory
    last_error = "out of memory";
  }
}

lamina_status status_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::value: return LAMINA_VALUE_ERROR;
    case ErrorKind::type: return LAMINA_TYPE_ERROR;
    case ErrorKind::index: return LAMINA_INDEX_ERROR;
    case ErrorKind::key: return LAMINA_KEY_ERROR;
    case ErrorKind::attribute: return LAMINA_ATTRIBUTE_ERROR;
    case ErrorKind::io: return LAMINA_IO_ERROR;
    case ErrorKind::memory: return LAMINA_MEMORY_ERROR;
    case ErrorKind::unsupported: return LAMINA_UNSUPPORTED_ERROR;
    case ErrorKind::runtime: return LAMINA_RUNTIME_ERROR;
    case ErrorKind::stop_iteration: return LAMINA_STOP_ITERATION;
    case ErrorKind::overflow: return LAMINA_OVERFLOW_ERROR;
    case ErrorKind::recursion: return LAMINA_RECURSION_ERROR;
  }
  return LAMINA_INTERNAL_ERROR;
}

lamina_status handle_exception() noexcept {
  try {
    throw;
  } catch (const Error& e) {
    remember_error(e.what());
    return status_of(e.kind());
  } catch (const std::bad_alloc&) {
    remember_error("The system has no memory left for this.");
    return LAMINA_MEMORY_ERROR;
  } catch (const std::exception& e) { remember_error(e.what()); } catch (...) {
    remember_error("An exception of unknown type.");
  }
  return LAMINA_INTERNAL_ERROR;
}

char* text_for_caller(const std::string& text) {
  auto* out = static_cast<char*>(std::malloc(text.size() + 1));
  if (!out) throw MemoryError("The system has no memory left for a text of ", text.size(), " bytes.");
  std::memcpy(out, text.c_str(), text.size() + 1);
  return out;
}

Dict arguments_of(const char* json, const char* what) {
  if (!json) return {};
  Value read = parse_json(json, what);
  if (!read.is_dict())
    throw ValueError("Expected ", what, " as a JSON object of names and values, received ", read.repr(), ".");
  return std::move(read.as_dict());
}

}  // namespace lamina::capi

using namespace lamina;
using namespace lamina::capi;

extern "C" {

int32_t lamina_c_api_version() { return LAMINA_C_API_VERSION; }

const char* lamina_version() { return LAMINA_VERSION; }

const char* lamina_last_error() { return last_error.c_str(); }

const char* lamina_status_name(lamina_status status) {
  static constexpr const char* names[] = {
      "ok",     "value",       "type",    "index",          "key",      "attribute", "io",
      "memory", "unsupported", "runtime", "stop iteration", "overflow", "recursion", "internal"};
  return status >= 0 && status < static_cast<lamina_status>(std::size(names)) ? names[status] : "unknown";
}

void lamina_free(void* text) { std::free(text); }

lamina_status lamina_set_warning_function(lamina_warning_function function, void* context) {
  return guarded([&] {
    if (!function) return set_warning_function(nullptr);
    set_warning_function([=](const std::string& message) { function(context, message.c_str()); });
  });
}

lamina_status lamina_set_engine(const char* name) {
  return guarded([&] {
    const std::string engine = &given(name, "name");
    if (engine != "graph" && engine != "eager")
      throw ValueError("Expected \"graph\" or \"eager\" as the engine, received \"", engine, "\".");
    settings().set_graph_engine(engine == "graph");
  });
}

lamina_status lamina_set_device(const char* name) {
  return guarded([&] { set_device(&given(name, "name")); });
}

lamina_status lamina_set_threads(int64_t count) {
  return guarded([&] { set_threads(count); });
}

lamina_status lamina_set_seed(int64_t seed) {
  return guarded([&] { set_random_seed(seed); });
}

lamina_status lamina_load_configuration(const char* path) {
  return guarded([&] { load_configuration(&given(path, "path")); });
}

}  // extern "C"
