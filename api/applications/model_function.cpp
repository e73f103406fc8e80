#include "api/applications/model_function.h"

#include <cstdlib>
#include <filesystem>
#include <map>

#include "api/model_saver.h"

namespace lamina::applications {

namespace {

std::map<std::string, ModelFunctionInfo, std::less<>>& functions() {
  static std::map<std::string, ModelFunctionInfo, std::less<>> all;
  return all;
}
std::map<std::string, ModuleInfo, std::less<>>& modules() {
  static std::map<std::string, ModuleInfo, std::less<>> all;
  return all;
}

}  // namespace

void register_model_function(ModelFunctionInfo info) {
  std::string name = info.name;
  functions().emplace(std::move(name), std::move(info));
}

const ModelFunctionInfo* find_model_function(std::string_view name) {
  auto found = functions().find(name);
  return found == functions().end() ? nullptr : &found->second;
}

std::vector<const ModelFunctionInfo*> model_functions() {
  std::vector<const ModelFunctionInfo*> out;
  for (const auto& [name, info] : functions()) out.push_back(&info);
  return out;
}

Documentation describe(const ModelFunctionInfo& info) {
  Documentation out;
  out.name = info.name;
  out.module = "keras.applications";
  out.summary = info.summary;
  out.doc = info.description;
  for (const FieldInfo& f : info.fields)
    out.arguments.push_back({f.name, f.default_value.repr(), f.required, false, f.doc});
  return out;
}

ModuleRegistration::ModuleRegistration(std::initializer_list<const char*> names, const char* preprocessing) {
  for (const char* name : names) modules().emplace(name, ModuleInfo{name, preprocessing});
}

const ModuleInfo* find_module(std::string_view name) {
  auto found = modules().find(name);
  return found == modules().end() ? nullptr : &found->second;
}

std::string models_folder() {
  std::filesystem::path home;
  if (const char* keras = std::getenv("KERAS_HOME"); keras && *keras)
    home = keras;
  else if (const char* user = std::getenv("HOME"); user && *user)
    home = std::filesystem::path(user) / ".keras";
  else
    home = "/tmp/.keras";
  return (home / "models").string();
}

std::string cached(const PublishedFile& file) {
  const std::string path = (std::filesystem::path(models_folder()) / file.name).string();
  std::error_code unreadable;
  if (!std::filesystem::exists(path, unreadable))
    throw IOError("There are no weights at ", path, ". Put the file from ", file.origin,
                  " there, or give the path of a file as `weights`, or none for random weights.");
  return path;
}

void load_weights_file(Model& model, const std::string& path) { model_saver().load_weights(model, path); }

}  // namespace lamina::applications
