/* Lamina for Node: the functions that lamina.js makes classes of, over Node-API and the C interface.
 *
 * A tensor is {data: TypedArray, shape: [sizes]}; its memory is copied on the way in and belongs to Node on the way
 * out. A model is an external value that frees itself. Errors are thrown with the library's text and its kind as
 * `code`. */
#define NAPI_VERSION 8
#include <lamina/c_api.h>
#include <node_api.h>

#include <stdlib.h>
#include <string.h>

#define MOST 64 /* inputs, targets or outputs of a call */

static napi_value fail(napi_env env, const char* kind, const char* message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, kind, message);
  return NULL;
}

static int failed(napi_env env, lamina_status status) {
  if (status == LAMINA_OK) return 0;
  fail(env, lamina_status_name(status), lamina_last_error());
  return 1;
}

/* UTF-8 to be freed, or null with an exception. Undefined and null are `absent`. */
static char* text_of(napi_env env, napi_value value, int* absent) {
  napi_valuetype type;
  napi_typeof(env, value, &type);
  if (absent) *absent = type == napi_undefined || type == napi_null;
  if (absent && *absent) return NULL;
  size_t length;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
    fail(env, "type", "Expected a string.");
    return NULL;
  }
  char* const out = malloc(length + 1);
  if (out) napi_get_value_string_utf8(env, value, out, length + 1, &length);
  if (!out) fail(env, "memory", "There is no memory left for a string.");
  return out;
}

static const struct {
  napi_typedarray_type array;
  lamina_dtype dtype;
  size_t bytes;
} TYPES[] = {{napi_float32_array, LAMINA_FLOAT32, 4}, {napi_float64_array, LAMINA_FLOAT64, 8},
             {napi_int32_array, LAMINA_INT32, 4},     {napi_int8_array, LAMINA_INT8, 1},
             {napi_int16_array, LAMINA_INT16, 2},     {napi_uint8_array, LAMINA_UINT8, 1},
             {napi_uint16_array, LAMINA_UINT16, 2},   {napi_uint32_array, LAMINA_UINT32, 4},
             {napi_bigint64_array, LAMINA_INT64, 8},  {napi_biguint64_array, LAMINA_UINT64, 8}};
enum { TYPE_COUNT = sizeof TYPES / sizeof TYPES[0] };

static lamina_tensor* tensor_of(napi_env env, napi_value value) {
  napi_value data, shape;
  bool typed = false, listed = false;
  if (napi_get_named_property(env, value, "data", &data) == napi_ok) napi_is_typedarray(env, data, &typed);
  if (napi_get_named_property(env, value, "shape", &shape) == napi_ok) napi_is_array(env, shape, &listed);
  if (!typed || !listed) {
    fail(env, "type", "Expected a tensor as {data: TypedArray, shape: [sizes]}.");
    return NULL;
  }
  napi_typedarray_type array;
  size_t count;
  void* memory;
  napi_get_typedarray_info(env, data, &array, &count, &memory, NULL, NULL);
  uint32_t rank;
  napi_get_array_length(env, shape, &rank);
  int64_t sizes[16];
  if (rank > 16) rank = 16; /* which the library refuses */
  for (uint32_t i = 0; i < rank; ++i) {
    napi_value size;
    napi_get_element(env, shape, i, &size);
    if (napi_get_value_int64(env, size, &sizes[i]) != napi_ok) {
      fail(env, "type", "Expected the sizes of a shape as numbers.");
      return NULL;
    }
  }
  for (int i = 0; i < TYPE_COUNT; ++i) {
    if (TYPES[i].array != array) continue;
    lamina_tensor* out;
    return failed(env, lamina_tensor_create(TYPES[i].dtype, sizes, rank, memory, count * TYPES[i].bytes, &out)) ? NULL
                                                                                                                : out;
  }
  fail(env, "type", "Arrays of this type are not taken.");
  return NULL;
}

static void free_tensors(lamina_tensor** tensors, size_t count) {
  for (size_t i = 0; i < count; ++i) lamina_tensor_free(tensors[i]);
}

/* A list of tensors; their number, or -1 with an exception. */
static int tensors_of(napi_env env, napi_value list, lamina_tensor** out) {
  bool listed = false;
  uint32_t count = 0;
  napi_is_array(env, list, &listed);
  if (listed) napi_get_array_length(env, list, &count);
  if (!listed || count > MOST) {
    fail(env, "type", "Expected a list of at most 64 tensors.");
    return -1;
  }
  for (uint32_t i = 0; i < count; ++i) {
    napi_value item;
    napi_get_element(env, list, i, &item);
    if (!(out[i] = tensor_of(env, item))) {
      free_tensors(out, i);
      return -1;
    }
  }
  return (int)count;
}

static napi_value tensor_value(napi_env env, const lamina_tensor* tensor) {
  napi_value out, shape, buffer, data = NULL;
  napi_create_object(env, &out);
  const size_t rank = lamina_tensor_rank(tensor), bytes = lamina_tensor_bytes(tensor);
  napi_create_array_with_length(env, rank, &shape);
  for (size_t i = 0; i < rank; ++i) {
    napi_value size;
    napi_create_int64(env, lamina_tensor_sizes(tensor)[i], &size);
    napi_set_element(env, shape, (uint32_t)i, size);
  }
  void* memory = NULL;
  if (napi_create_arraybuffer(env, bytes, &memory, &buffer) != napi_ok)
    return fail(env, "memory", "There is no memory left for a result.");
  if (bytes) memcpy(memory, lamina_tensor_data(tensor), bytes);
  for (int i = 0; i < TYPE_COUNT; ++i)
    if (TYPES[i].dtype == lamina_tensor_dtype(tensor))
      napi_create_typedarray(env, TYPES[i].array, bytes / TYPES[i].bytes, buffer, 0, &data);
  if (!data && lamina_tensor_dtype(tensor) == LAMINA_BOOL)
    napi_create_typedarray(env, napi_uint8_array, bytes, buffer, 0, &data);
  if (!data) return fail(env, "unsupported", "Node has no array for this dtype: cast the output in the model.");
  napi_set_named_property(env, out, "data", data);
  napi_set_named_property(env, out, "shape", shape);
  return out;
}

/* The results of a call, which are freed. */
static napi_value tensor_list(napi_env env, lamina_tensor** tensors, size_t count) {
  napi_value out;
  napi_create_array_with_length(env, count, &out);
  for (size_t i = 0; i < count; ++i) {
    napi_value item = tensor_value(env, tensors[i]);
    if (!item) break;
    napi_set_element(env, out, (uint32_t)i, item);
  }
  free_tensors(tensors, count);
  return out;
}

/* {loss: [values]}. */
static napi_value logs_value(napi_env env, const lamina_logs* logs) {
  napi_value out;
  napi_create_object(env, &out);
  for (size_t i = 0; i < lamina_logs_count(logs); ++i) {
    size_t count;
    const double* const values = lamina_logs_values(logs, i, &count);
    napi_value list, number;
    napi_create_array_with_length(env, count, &list);
    for (size_t j = 0; j < count; ++j) {
      napi_create_double(env, values[j], &number);
      napi_set_element(env, list, (uint32_t)j, number);
    }
    napi_set_named_property(env, out, lamina_logs_name(logs, i), list);
  }
  return out;
}

static void arguments(napi_env env, napi_callback_info info, size_t count, napi_value* out) {
  napi_get_cb_info(env, info, &count, out, NULL, NULL);
}

static lamina_model* model_of(napi_env env, napi_value value) {
  void* found = NULL;
  if (napi_get_value_external(env, value, &found) != napi_ok) fail(env, "type", "Expected a model.");
  return found;
}

static void free_model(napi_env env, void* model, void* hint) {
  (void)env, (void)hint;
  lamina_model_free(model);
}

static napi_value model_value(napi_env env, lamina_model* model) {
  napi_value out;
  if (napi_create_external(env, model, free_model, NULL, &out) == napi_ok) return out;
  lamina_model_free(model);
  return fail(env, "memory", "There is no memory left for a model.");
}

/* load(path or Buffer, compile) */
static napi_value load(napi_env env, napi_callback_info info) {
  napi_value given[2];
  arguments(env, info, 2, given);
  bool compile = false, buffer = false;
  napi_get_value_bool(env, given[1], &compile);
  napi_is_buffer(env, given[0], &buffer);
  lamina_model* model = NULL;
  lamina_status status;
  if (buffer) {
    void* data;
    size_t bytes;
    napi_get_buffer_info(env, given[0], &data, &bytes);
    status = lamina_model_load_from_memory(data, bytes, compile, &model);
  } else {
    char* const path = text_of(env, given[0], NULL);
    if (!path) return NULL;
    status = lamina_model_load(path, compile, &model);
    free(path);
  }
  return failed(env, status) ? NULL : model_value(env, model);
}

/* fromJson(json) */
static napi_value from_json(napi_env env, napi_callback_info info) {
  napi_value given[1];
  arguments(env, info, 1, given);
  char* const json = text_of(env, given[0], NULL);
  if (!json) return NULL;
  lamina_model* model = NULL;
  const lamina_status status = lamina_model_from_json(json, &model);
  free(json);
  return failed(env, status) ? NULL : model_value(env, model);
}

/* save(model, path, overwrite) */
static napi_value save(napi_env env, napi_callback_info info) {
  napi_value given[3];
  arguments(env, info, 3, given);
  bool overwrite = true;
  napi_get_value_bool(env, given[2], &overwrite);
  lamina_model* const model = model_of(env, given[0]);
  char* const path = model ? text_of(env, given[1], NULL) : NULL;
  if (path) failed(env, lamina_model_save(model, path, overwrite));
  free(path);
  return NULL;
}

/* summary(model) */
static napi_value summary(napi_env env, napi_callback_info info) {
  napi_value given[1], out = NULL;
  arguments(env, info, 1, given);
  lamina_model* const model = model_of(env, given[0]);
  char* text = NULL;
  if (!model || failed(env, lamina_model_summary(model, &text))) return NULL;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &out);
  lamina_free(text);
  return out;
}

/* ends(model, "inputs" or "outputs"): [{name, shape}], null where a size is the call's to decide */
static napi_value ends(napi_env env, napi_callback_info info) {
  napi_value given[2], out;
  arguments(env, info, 2, given);
  lamina_model* const model = model_of(env, given[0]);
  if (!model) return NULL;
  bool outputs = false;
  napi_get_value_bool(env, given[1], &outputs);
  napi_create_array(env, &out);
  const size_t count = outputs ? lamina_model_output_count(model) : lamina_model_input_count(model);
  for (size_t i = 0; i < count; ++i) {
    lamina_tensor_info end;
    if (failed(env, outputs ? lamina_model_output_info(model, i, &end) : lamina_model_input_info(model, i, &end)))
      return NULL;
    napi_value item, name, shape, size;
    napi_create_object(env, &item);
    napi_create_string_utf8(env, end.name, NAPI_AUTO_LENGTH, &name);
    napi_create_array_with_length(env, end.rank, &shape);
    for (size_t j = 0; j < end.rank; ++j) {
      if (end.sizes[j] < 0)
        napi_get_null(env, &size);
      else
        napi_create_int64(env, end.sizes[j], &size);
      napi_set_element(env, shape, (uint32_t)j, size);
    }
    napi_set_named_property(env, item, "name", name);
    napi_set_named_property(env, item, "shape", shape);
    napi_set_element(env, out, (uint32_t)i, item);
  }
  return out;
}

/* predict(model, inputs, batchSize) */
static napi_value predict(napi_env env, napi_callback_info info) {
  napi_value given[3];
  arguments(env, info, 3, given);
  lamina_model* const model = model_of(env, given[0]);
  int64_t batch_size = 0;
  napi_get_value_int64(env, given[2], &batch_size);
  lamina_tensor *inputs[MOST], *outputs[MOST];
  const int count = model ? tensors_of(env, given[1], inputs) : -1;
  if (count < 0) return NULL;
  const size_t results = lamina_model_output_count(model);
  lamina_status status = LAMINA_OK;
  if (results > MOST)
    fail(env, "unsupported", "Models of more than 64 outputs are not taken.");
  else
    status =
        lamina_model_predict(model, (const lamina_tensor* const*)inputs, (size_t)count, batch_size, outputs, results);
  free_tensors(inputs, (size_t)count);
  return results > MOST || failed(env, status) ? NULL : tensor_list(env, outputs, results);
}

/* compile(model, json) */
static napi_value compile_model(napi_env env, napi_callback_info info) {
  napi_value given[2];
  arguments(env, info, 2, given);
  lamina_model* const model = model_of(env, given[0]);
  char* const json = model ? text_of(env, given[1], NULL) : NULL;
  if (json) failed(env, lamina_model_compile(model, json));
  free(json);
  return NULL;
}

typedef struct {
  napi_env env;
  napi_value function;
} Epochs;

static int32_t on_epoch(void* context, int64_t epoch, const lamina_logs* logs) {
  const Epochs* const epochs = context;
  napi_value self, given[2], result;
  napi_get_undefined(epochs->env, &self);
  napi_create_int64(epochs->env, epoch, &given[0]);
  given[1] = logs_value(epochs->env, logs);
  if (napi_call_function(epochs->env, self, epochs->function, 2, given, &result) != napi_ok) return 1; /* it threw */
  bool stop = false;
  napi_get_value_bool(epochs->env, result, &stop);
  return stop;
}

/* train(kind, model, inputs, targets, json or batch size, function): kind "fit", "batch" or "evaluate" */
static napi_value train(napi_env env, napi_callback_info info) {
  napi_value given[6], out = NULL;
  arguments(env, info, 6, given);
  char* const kind = text_of(env, given[0], NULL);
  lamina_model* const model = kind ? model_of(env, given[1]) : NULL;
  lamina_tensor *x[MOST], *y[MOST];
  const int xs = model ? tensors_of(env, given[2], x) : -1;
  const int ys = xs >= 0 ? tensors_of(env, given[3], y) : -1;
  if (ys >= 0) {
    const lamina_tensor *const *inputs = (const lamina_tensor*const*)x, *const *targets = (const lamina_tensor*const*)y;
    lamina_logs* logs = NULL;
    lamina_status status;
    if (strcmp(kind, "fit") == 0) {
      int absent;
      char* const json = text_of(env, given[4], &absent);
      Epochs epochs = {env, given[5]};
      napi_valuetype type;
      napi_typeof(env, given[5], &type);
      status = lamina_model_fit(model, inputs, (size_t)xs, targets, (size_t)ys, json,
                                type == napi_function ? on_epoch : NULL, &epochs, &logs);
      free(json);
    } else if (strcmp(kind, "batch") == 0) {
      status = lamina_model_train_on_batch(model, inputs, (size_t)xs, targets, (size_t)ys, NULL, &logs);
    } else {
      int64_t batch_size = 0;
      napi_get_value_int64(env, given[4], &batch_size);
      status = lamina_model_evaluate(model, inputs, (size_t)xs, targets, (size_t)ys, batch_size, &logs);
    }
    if (!failed(env, status)) out = logs_value(env, logs);
    lamina_logs_free(logs);
    free_tensors(y, (size_t)ys);
  }
  if (xs >= 0) free_tensors(x, (size_t)xs);
  free(kind);
  return out;
}

/* op(name, inputs, json) */
static napi_value op(napi_env env, napi_callback_info info) {
  napi_value given[3];
  arguments(env, info, 3, given);
  char* const name = text_of(env, given[0], NULL);
  int absent;
  char* const json = name ? text_of(env, given[2], &absent) : NULL;
  lamina_tensor *inputs[MOST], *outputs[MOST];
  const int count = name && (json || absent) ? tensors_of(env, given[1], inputs) : -1;
  napi_value out = NULL;
  if (count >= 0) {
    size_t results = 0;
    const lamina_status status =
        lamina_op(name, (const lamina_tensor* const*)inputs, (size_t)count, json, outputs, MOST, &results);
    free_tensors(inputs, (size_t)count);
    if (!failed(env, status)) out = tensor_list(env, outputs, results);
  }
  free(name);
  free(json);
  return out;
}

/* setSeed(number), setThreads(number), setEngine(name) */
static napi_value set(napi_env env, napi_callback_info info) {
  napi_value given[2];
  arguments(env, info, 2, given);
  char* const what = text_of(env, given[0], NULL);
  if (!what) return NULL;
  int64_t number = 0;
  if (strcmp(what, "engine") == 0) {
    char* const name = text_of(env, given[1], NULL);
    if (name) failed(env, lamina_set_engine(name));
    free(name);
  } else if (napi_get_value_int64(env, given[1], &number) != napi_ok) {
    fail(env, "type", "Expected a number.");
  } else {
    failed(env, strcmp(what, "seed") == 0 ? lamina_set_seed(number) : lamina_set_threads(number));
  }
  free(what);
  return NULL;
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct {
    const char* name;
    napi_callback function;
  } functions[] = {
      {"load", load},       {"fromJson", from_json}, {"save", save}, {"summary", summary},       {"ends", ends},
      {"predict", predict}, {"train", train},        {"op", op},     {"compile", compile_model}, {"set", set}};
  napi_value value;
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; ++i) {
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &value);
    napi_set_named_property(env, exports, functions[i].name, value);
  }
  napi_create_string_utf8(env, lamina_version(), NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, exports, "version", value);
  return exports;
}

NAPI_MODULE(lamina, init)
