// The native methods of lamina.Model, over the C interface.
#include <jni.h>
#include <lamina/c_api.h>

#include <string>
#include <vector>

namespace {

// A Java exception waits to be thrown when the native method returns.
struct Pending {};

void check_java(JNIEnv* env) {
  if (env->ExceptionCheck()) throw Pending{};
}

void raise(JNIEnv* env, const char* kind, const char* message) {
  jclass type = env->FindClass("lamina/LaminaException");
  check_java(env);
  jmethodID make = env->GetMethodID(type, "<init>", "(Ljava/lang/String;Ljava/lang/String;)V");
  jstring kind_text = env->NewStringUTF(kind), text = env->NewStringUTF(message);
  check_java(env);
  env->Throw(static_cast<jthrowable>(env->NewObject(type, make, kind_text, text)));
  throw Pending{};
}

void check(JNIEnv* env, lamina_status status) {
  check_java(env);  // of a callback
  if (status != LAMINA_OK) raise(env, lamina_status_name(status), lamina_last_error());
}

// The value of f, or `otherwise` with an exception for Java.
template <class T, class F>
T native(T otherwise, F&& f) {
  try {
    return f();
  } catch (const Pending&) { return otherwise; }
}

// Text of Java while the native method runs. Null stays null.
class Text {
 public:
  Text(JNIEnv* env, jstring text) : env_(env), text_(text) {
    if (text) bytes_ = env->GetStringUTFChars(text, nullptr);
    check_java(env);
  }
  ~Text() {
    if (bytes_) env_->ReleaseStringUTFChars(text_, bytes_);
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  const char* get() const { return bytes_; }

 private:
  JNIEnv* env_;
  jstring text_;
  const char* bytes_ = nullptr;
};

// Handles that free themselves.
struct Tensors {
  std::vector<lamina_tensor*> all;
  ~Tensors() {
    for (lamina_tensor* t : all) lamina_tensor_free(t);
  }
  const lamina_tensor* const* get() const { return all.data(); }
};

struct Logs {
  lamina_logs* get = nullptr;
  ~Logs() { lamina_logs_free(get); }
};

lamina_model* model_of(jlong handle) { return reinterpret_cast<lamina_model*>(handle); }

// What arrays of a type are in both languages.
struct ArrayType {
  const char* name;
  lamina_dtype dtype;
  size_t bytes;
};
constexpr ArrayType kArrayTypes[] = {
    {"[F", LAMINA_FLOAT32, 4}, {"[D", LAMINA_FLOAT64, 8}, {"[I", LAMINA_INT32, 4}, {"[J", LAMINA_INT64, 8}};

lamina_tensor* tensor_of(JNIEnv* env, jobject tensor) {
  if (!tensor) raise(env, "type", "Expected a tensor, received null.");
  jclass type = env->GetObjectClass(tensor);
  jobject data = env->GetObjectField(tensor, env->GetFieldID(type, "data", "Ljava/lang/Object;"));
  auto shape = static_cast<jlongArray>(env->GetObjectField(tensor, env->GetFieldID(type, "shape", "[J")));
  check_java(env);
  std::vector<jlong> sizes(static_cast<size_t>(env->GetArrayLength(shape)));
  env->GetLongArrayRegion(shape, 0, static_cast<jsize>(sizes.size()), sizes.data());
  const std::vector<int64_t> dims(sizes.begin(), sizes.end());
  lamina_tensor* out = nullptr;
  for (const ArrayType& known : kArrayTypes) {
    if (!env->IsInstanceOf(data, env->FindClass(known.name))) continue;
    auto array = static_cast<jarray>(data);
    const auto bytes = static_cast<size_t>(env->GetArrayLength(array)) * known.bytes;
    void* memory = env->GetPrimitiveArrayCritical(array, nullptr);
    if (!memory) raise(env, "memory", "There is no memory left for a tensor.");
    const lamina_status status = lamina_tensor_create(known.dtype, dims.data(), dims.size(), memory, bytes, &out);
    env->ReleasePrimitiveArrayCritical(array, memory, JNI_ABORT);
    check(env, status);
  }
  env->DeleteLocalRef(data), env->DeleteLocalRef(shape);
  return out;
}

void take(JNIEnv* env, jobjectArray tensors, Tensors& out) {
  if (!tensors) raise(env, "type", "Expected tensors, received null.");
  for (jsize i = 0; i < env->GetArrayLength(tensors); ++i) {
    jobject item = env->GetObjectArrayElement(tensors, i);
    out.all.push_back(tensor_of(env, item));
    env->DeleteLocalRef(item);
  }
}

template <class Array, class Element>
jobject filled(JNIEnv* env, Array array, void (JNIEnv::*set)(Array, jsize, jsize, const Element*),
               const lamina_tensor* tensor, jlongArray shape, const char* signature) {
  check_java(env);
  (env->*set)(array, 0, env->GetArrayLength(array), static_cast<const Element*>(lamina_tensor_data(tensor)));
  jclass type = env->FindClass("lamina/Tensor");
  jmethodID make = env->GetStaticMethodID(type, "of", signature);
  check_java(env);
  jobject out = env->CallStaticObjectMethod(type, make, array, shape);
  check_java(env);
  return out;
}

jobject tensor_value(JNIEnv* env, const lamina_tensor* tensor) {
  const std::vector<jlong> sizes(lamina_tensor_sizes(tensor), lamina_tensor_sizes(tensor) + lamina_tensor_rank(tensor));
  jlongArray shape = env->NewLongArray(static_cast<jsize>(sizes.size()));
  check_java(env);
  env->SetLongArrayRegion(shape, 0, static_cast<jsize>(sizes.size()), sizes.data());
  const int64_t elements = lamina_tensor_elements(tensor);
  if (elements > 0x7fffffff) raise(env, "overflow", "The result has more elements than a Java array.");
  const auto count = static_cast<jsize>(elements);
  switch (lamina_tensor_dtype(tensor)) {
    case LAMINA_FLOAT32:
      return filled(env, env->NewFloatArray(count), &JNIEnv::SetFloatArrayRegion, tensor, shape,
                    "([F[J)Llamina/Tensor;");
    case LAMINA_FLOAT64:
      return filled(env, env->NewDoubleArray(count), &JNIEnv::SetDoubleArrayRegion, tensor, shape,
                    "([D[J)Llamina/Tensor;");
    case LAMINA_INT32:
      return filled(env, env->NewIntArray(count), &JNIEnv::SetIntArrayRegion, tensor, shape, "([I[J)Llamina/Tensor;");
    case LAMINA_INT64:
      return filled(env, env->NewLongArray(count), &JNIEnv::SetLongArrayRegion, tensor, shape, "([J[J)Llamina/Tensor;");
    default: raise(env, "unsupported", "Results are float, double, int or long: cast the output to one of these.");
  }
  return nullptr;
}

jobjectArray tensor_array(JNIEnv* env, const Tensors& tensors) {
  jobjectArray out =
      env->NewObjectArray(static_cast<jsize>(tensors.all.size()), env->FindClass("lamina/Tensor"), nullptr);
  check_java(env);
  for (size_t i = 0; i < tensors.all.size(); ++i) {
    jobject item = tensor_value(env, tensors.all[i]);
    env->SetObjectArrayElement(out, static_cast<jsize>(i), item);
    check_java(env);
    env->DeleteLocalRef(item);
  }
  return out;
}

jobject logs_value(JNIEnv* env, const lamina_logs* logs) {
  jclass type = env->FindClass("java/util/LinkedHashMap");
  jobject out = env->NewObject(type, env->GetMethodID(type, "<init>", "()V"));
  jmethodID put = env->GetMethodID(type, "put", "(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;");
  check_java(env);
  for (size_t i = 0; i < lamina_logs_count(logs); ++i) {
    size_t count = 0;
    const double* values = lamina_logs_values(logs, i, &count);
    jdoubleArray array = env->NewDoubleArray(static_cast<jsize>(count));
    check_java(env);
    env->SetDoubleArrayRegion(array, 0, static_cast<jsize>(count), values);
    jstring name = env->NewStringUTF(lamina_logs_name(logs, i));
    env->DeleteLocalRef(env->CallObjectMethod(out, put, name, array));
    check_java(env);
    env->DeleteLocalRef(name), env->DeleteLocalRef(array);
  }
  return out;
}

lamina_tensor_info info_of(JNIEnv* env, jlong model, size_t place, bool outputs) {
  lamina_tensor_info info{};
  check(env, outputs ? lamina_model_output_info(model_of(model), place, &info)
                     : lamina_model_input_info(model_of(model), place, &info));
  return info;
}

struct Epochs {
  JNIEnv* env;
  jobject function;
};

int32_t on_epoch(void* context, int64_t epoch, const lamina_logs* logs) {
  const auto* epochs = static_cast<const Epochs*>(context);
  JNIEnv* env = epochs->env;
  if (env->PushLocalFrame(32)) return 1;  // references of an epoch end with it
  const int32_t ends = native(int32_t{1}, [&]() -> int32_t {
    jobject map = logs_value(env, logs);
    jmethodID stop = env->GetMethodID(env->GetObjectClass(epochs->function), "stop", "(JLjava/util/Map;)Z");
    check_java(env);
    const jboolean result = env->CallBooleanMethod(epochs->function, stop, static_cast<jlong>(epoch), map);
    check_java(env);
    return result;
  });
  env->PopLocalFrame(nullptr);
  return ends;
}

}  // namespace

extern "C" {

JNIEXPORT void JNICALL Java_lamina_Model_setSeed(JNIEnv* env, jclass, jlong seed) {
  native(0, [&] { return check(env, lamina_set_seed(seed)), 0; });
}

JNIEXPORT void JNICALL Java_lamina_Model_setThreads(JNIEnv* env, jclass, jlong count) {
  native(0, [&] { return check(env, lamina_set_threads(count)), 0; });
}

JNIEXPORT void JNICALL Java_lamina_Model_setEngine(JNIEnv* env, jclass, jstring name) {
  native(0, [&] { return check(env, lamina_set_engine(Text(env, name).get())), 0; });
}

JNIEXPORT jstring JNICALL Java_lamina_Model_version(JNIEnv* env, jclass) { return env->NewStringUTF(lamina_version()); }

JNIEXPORT jobjectArray JNICALL Java_lamina_Model_op(JNIEnv* env, jclass, jstring name, jobjectArray inputs,
                                                    jstring arguments) {
  return native(jobjectArray{}, [&] {
    Tensors given, results;
    take(env, inputs, given);
    results.all.resize(64);
    size_t count = 0;
    const lamina_status status = lamina_op(Text(env, name).get(), given.get(), given.all.size(),
                                           Text(env, arguments).get(), results.all.data(), 64, &count);
    results.all.resize(count);
    check(env, status);
    return tensor_array(env, results);
  });
}

JNIEXPORT jlong JNICALL Java_lamina_Model_load0(JNIEnv* env, jclass, jstring path, jboolean compile) {
  return native(jlong{}, [&] {
    lamina_model* model = nullptr;
    check(env, lamina_model_load(Text(env, path).get(), compile, &model));
    return reinterpret_cast<jlong>(model);
  });
}

JNIEXPORT jlong JNICALL Java_lamina_Model_loadBytes0(JNIEnv* env, jclass, jbyteArray file, jboolean compile) {
  return native(jlong{}, [&] {
    if (!file) raise(env, "type", "Expected a file's bytes, received null.");
    std::vector<jbyte> bytes(static_cast<size_t>(env->GetArrayLength(file)));
    env->GetByteArrayRegion(file, 0, static_cast<jsize>(bytes.size()), bytes.data());
    lamina_model* model = nullptr;
    check(env, lamina_model_load_from_memory(bytes.data(), bytes.size(), compile, &model));
    return reinterpret_cast<jlong>(model);
  });
}

JNIEXPORT jlong JNICALL Java_lamina_Model_fromJson0(JNIEnv* env, jclass, jstring json) {
  return native(jlong{}, [&] {
    lamina_model* model = nullptr;
    check(env, lamina_model_from_json(Text(env, json).get(), &model));
    return reinterpret_cast<jlong>(model);
  });
}

JNIEXPORT void JNICALL Java_lamina_Model_free0(JNIEnv*, jclass, jlong model) { lamina_model_free(model_of(model)); }

JNIEXPORT void JNICALL Java_lamina_Model_save0(JNIEnv* env, jclass, jlong model, jstring path, jboolean overwrite) {
  native(0, [&] { return check(env, lamina_model_save(model_of(model), Text(env, path).get(), overwrite)), 0; });
}

JNIEXPORT jstring JNICALL Java_lamina_Model_summary0(JNIEnv* env, jclass, jlong model) {
  return native(jstring{}, [&] {
    char* text = nullptr;
    check(env, lamina_model_summary(model_of(model), &text));
    jstring out = env->NewStringUTF(text);
    lamina_free(text);
    return out;
  });
}

JNIEXPORT jobjectArray JNICALL Java_lamina_Model_names0(JNIEnv* env, jclass, jlong model, jboolean outputs) {
  return native(jobjectArray{}, [&] {
    const size_t count =
        outputs ? lamina_model_output_count(model_of(model)) : lamina_model_input_count(model_of(model));
    jobjectArray out = env->NewObjectArray(static_cast<jsize>(count), env->FindClass("java/lang/String"), nullptr);
    check_java(env);
    for (size_t i = 0; i < count; ++i) {
      jstring name = env->NewStringUTF(info_of(env, model, i, outputs).name);
      env->SetObjectArrayElement(out, static_cast<jsize>(i), name);
      check_java(env);
      env->DeleteLocalRef(name);
    }
    return out;
  });
}

JNIEXPORT jlongArray JNICALL Java_lamina_Model_shape0(JNIEnv* env, jclass, jlong model, jint place, jboolean outputs) {
  return native(jlongArray{}, [&] {
    const lamina_tensor_info info = info_of(env, model, static_cast<size_t>(place), outputs);
    const std::vector<jlong> sizes(info.sizes, info.sizes + info.rank);
    jlongArray out = env->NewLongArray(static_cast<jsize>(sizes.size()));
    check_java(env);
    env->SetLongArrayRegion(out, 0, static_cast<jsize>(sizes.size()), sizes.data());
    return out;
  });
}

JNIEXPORT jobjectArray JNICALL Java_lamina_Model_predict0(JNIEnv* env, jclass, jlong model, jobjectArray inputs,
                                                          jlong batch_size) {
  return native(jobjectArray{}, [&] {
    Tensors given, results;
    take(env, inputs, given);
    results.all.resize(lamina_model_output_count(model_of(model)));
    check(env, lamina_model_predict(model_of(model), given.get(), given.all.size(), batch_size, results.all.data(),
                                    results.all.size()));
    return tensor_array(env, results);
  });
}

JNIEXPORT void JNICALL Java_lamina_Model_compile0(JNIEnv* env, jclass, jlong model, jstring arguments) {
  native(0, [&] { return check(env, lamina_model_compile(model_of(model), Text(env, arguments).get())), 0; });
}

JNIEXPORT jobject JNICALL Java_lamina_Model_fit0(JNIEnv* env, jclass, jlong model, jobjectArray inputs,
                                                 jobjectArray targets, jstring arguments, jobject function) {
  return native(jobject{}, [&] {
    Tensors x, y;
    take(env, inputs, x), take(env, targets, y);
    Logs logs;
    Epochs epochs{env, function};
    check(env, lamina_model_fit(model_of(model), x.get(), x.all.size(), y.get(), y.all.size(),
                                Text(env, arguments).get(), function ? on_epoch : nullptr, &epochs, &logs.get));
    return logs_value(env, logs.get);
  });
}

JNIEXPORT jobject JNICALL Java_lamina_Model_trainOnBatch0(JNIEnv* env, jclass, jlong model, jobjectArray inputs,
                                                          jobjectArray targets) {
  return native(jobject{}, [&] {
    Tensors x, y;
    take(env, inputs, x), take(env, targets, y);
    Logs logs;
    check(env, lamina_model_train_on_batch(model_of(model), x.get(), x.all.size(), y.get(), y.all.size(), nullptr,
                                           &logs.get));
    return logs_value(env, logs.get);
  });
}

JNIEXPORT jobject JNICALL Java_lamina_Model_evaluate0(JNIEnv* env, jclass, jlong model, jobjectArray inputs,
                                                      jobjectArray targets, jlong batch_size) {
  return native(jobject{}, [&] {
    Tensors x, y;
    take(env, inputs, x), take(env, targets, y);
    Logs logs;
    check(env,
          lamina_model_evaluate(model_of(model), x.get(), x.all.size(), y.get(), y.all.size(), batch_size, &logs.get));
    return logs_value(env, logs.get);
  });
}

}  // extern "C"
