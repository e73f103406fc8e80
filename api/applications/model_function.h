#pragma once
// A model function of keras.applications, described once where its architecture is defined: from that come the C++
// function, Python's function with its signature and docstring, and the modules that have it. To add one:
//
//   const ModelFunction<ModelArgs> VGG16("VGG16", {"vgg16"}, "VGG16: 16 layers of ...", "vgg16", about::vgg,
//                                        [](const ModelArgs& args) { ... return Built{model, weights}; });
#include "api/model.h"

namespace lamina::applications {

// A file that Keras publishes: weights, or the names of classes.
struct PublishedFile {
  std::string name;    // in the folder of models of Keras' cache
  std::string origin;  // the address where it lies
  std::string hash;    // md5 or sha256; "" where Keras names none
};

// A model, and what is still to be loaded into it.
struct Built {
  ModelPtr model;
  std::optional<PublishedFile> imagenet;  // weights that the model is still to get
};

// What is known of a function of keras.applications: from it follow Python's function, its signature and docstring.
struct ModelFunctionInfo {
  std::string name;                  // "ResNet50"
  std::vector<std::string> modules;  // of keras.applications, which itself has all
  std::string summary;
  std::vector<FieldInfo> fields;
  std::function<Built(const Dict&)> make;  // from the arguments by name; weights of a path are loaded
  Doc description;
};

// Registered by ModelFunction's constructor while the library is loaded; looked up by Python's names. Null where
// there is none.
void register_model_function(ModelFunctionInfo info);
const ModelFunctionInfo* find_model_function(std::string_view name);
std::vector<const ModelFunctionInfo*> model_functions();  // sorted by name
// What docstrings and stubs are made from.
Documentation describe(const ModelFunctionInfo& info);

// The folder of models in Keras' cache: $KERAS_HOME/models, else ~/.keras/models.
std::string models_folder();
// The path of such a file in that folder. IOError that says which file to put where, if it is not there.
std::string cached(const PublishedFile& file);
void load_weights_file(Model& model, const std::string& path);

// A registered function of keras.applications as a C++ callable. A is its struct of arguments.
template <class A>
class ModelFunction {
 public:
  using Build = std::function<Built(const A&)>;
  // model_name: what the model is called unless the caller says it.
  ModelFunction(const char* name, std::vector<std::string> modules, const char* summary,
                std::optional<std::string> model_name, const Doc& description, Build build)
      : model_name_(std::move(model_name)), build_(std::move(build)) {
    A defaults;
    defaults.name = model_name_;
    register_model_function({name, std::move(modules), summary, describe_fields([&](Fields& f) { defaults.fields(f); }),
                             [name, defaults, build = build_](const Dict& config) {
                               A args = defaults;
                               read_fields(name, config, [&](Fields& f) { args.fields(f); });
                               return build(args);
                             },
                             description});
  }
  // Weights of "imagenet" are those in Keras' cache.
  ModelPtr operator()(A args = {}) const {
    if (!args.name) args.name = model_name_;
    if (args.weights == "") args.weights.reset();
    Built built = build_(args);
    if (built.imagenet) load_weights_file(*built.model, cached(*built.imagenet));
    return built.model;
  }

 private:
  std::optional<std::string> model_name_;
  Build build_;
};

// A module of keras.applications, and what its preprocess_input() does: "caffe", "tf", "torch" (see imagenet.h), or
// "" where the model's first layers do it.
struct ModuleInfo {
  std::string name;  // "resnet50"
  std::string preprocessing;
};
// Registers modules while the library is loaded.
struct ModuleRegistration {
  ModuleRegistration(std::initializer_list<const char*> modules, const char* preprocessing);
};
// A module of keras.applications; null where there is none.
const ModuleInfo* find_module(std::string_view name);

}  // namespace lamina::applications
