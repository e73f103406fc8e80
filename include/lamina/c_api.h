/* The C interface: models and tensors behind handles, for C and for every language that can call C.
 *
 * Versions. Functions and constants are only ever added; LAMINA_C_API_VERSION grows when they are. A program compares
 * it with lamina_c_api_version(), the library's: one of the same or a larger number serves it.
 *
 * Errors. What can fail returns a lamina_status: LAMINA_OK, or the kind of the error, whose text lamina_last_error()
 * gives to the thread that made the call. Results are written only where LAMINA_OK is returned. Nothing aborts, prints
 * to the standard output or throws through this interface.
 *
 * Ownership. Who receives a handle frees it, by the function named in its comment; null may be freed. Pointers into a
 * handle live as long as it does. Text that is written to a `char**` is the caller's, to be freed by lamina_free().
 * A handle of a model or tensor may be freed while results that came from it are in use.
 *
 * Threads. Tensors never change and may be shared. Any number of threads may predict with one model and inspect it;
 * compiling, training, loading weights and setting them want the model to themselves.
 *
 * Structures. Inputs, outputs and targets of models with several are arrays of tensors in Keras' order: lists as they
 * stand, dicts by their keys. Arguments beyond tensors are JSON text with Keras' names and meanings, or null. */
#ifndef LAMINA_C_API_H
#define LAMINA_C_API_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LAMINA_C_API __attribute__((visibility("default")))
#else
#define LAMINA_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define LAMINA_C_API_VERSION 1

/* Kinds of errors: those of Python's exceptions that Keras raises there. */
typedef int32_t lamina_status;
enum {
  LAMINA_OK = 0,
  LAMINA_VALUE_ERROR = 1,
  LAMINA_TYPE_ERROR = 2,
  LAMINA_INDEX_ERROR = 3,
  LAMINA_KEY_ERROR = 4,
  LAMINA_ATTRIBUTE_ERROR = 5,
  LAMINA_IO_ERROR = 6,
  LAMINA_MEMORY_ERROR = 7,
  LAMINA_UNSUPPORTED_ERROR = 8,
  LAMINA_RUNTIME_ERROR = 9,
  LAMINA_STOP_ITERATION = 10,
  LAMINA_OVERFLOW_ERROR = 11,
  LAMINA_RECURSION_ERROR = 12,
  LAMINA_INTERNAL_ERROR = 13 /* an exception that is not the library's: a fault of it */
};

/* Types of elements. Halves are two bytes as IEEE 754 and bfloat16 lay them out, a bool is one byte, 0 or 1. */
typedef int32_t lamina_dtype;
enum {
  LAMINA_BOOL = 0,
  LAMINA_UINT8 = 1,
  LAMINA_UINT16 = 2,
  LAMINA_UINT32 = 3,
  LAMINA_UINT64 = 4,
  LAMINA_INT8 = 5,
  LAMINA_INT16 = 6,
  LAMINA_INT32 = 7,
  LAMINA_INT64 = 8,
  LAMINA_FLOAT16 = 9,
  LAMINA_BFLOAT16 = 10,
  LAMINA_FLOAT32 = 11,
  LAMINA_FLOAT64 = 12,
  LAMINA_STRING = 13
};

typedef struct lamina_tensor lamina_tensor; /* an immutable array; lamina_tensor_free() */
typedef struct lamina_model lamina_model;   /* lamina_model_free() */
typedef struct lamina_logs lamina_logs;     /* named numbers: a loss and metrics; lamina_logs_free() */

/* --- the library --- */

LAMINA_C_API int32_t lamina_c_api_version(void);
LAMINA_C_API const char* lamina_version(void); /* "0.1.0" */
/* Of the last call on this thread that did not return LAMINA_OK; "" if there was none. Lives until the next such call.
 */
LAMINA_C_API const char* lamina_last_error(void);
/* "value", "io", ...; "unknown" for other numbers. */
LAMINA_C_API const char* lamina_status_name(lamina_status status);
LAMINA_C_API void lamina_free(void* text);

/* Warnings go there, from any thread; null: to the standard error stream, as at first. */
typedef void (*lamina_warning_function)(void* context, const char* message);
LAMINA_C_API lamina_status lamina_set_warning_function(lamina_warning_function function, void* context);

/* Of the process, from now on: the engine, "graph" or "eager"; the device, "cpu", "cuda" or "cuda:1"; the threads that
 * work on one call, from 1, or 0 for one per core; the seed that all others are derived from. */
LAMINA_C_API lamina_status lamina_set_engine(const char* name);
LAMINA_C_API lamina_status lamina_set_device(const char* name);
LAMINA_C_API lamina_status lamina_set_threads(int64_t count);
LAMINA_C_API lamina_status lamina_set_seed(int64_t seed);
/* A lamina.json. LAMINA_VALUE_ERROR naming the key and the choices if it is bad. */
LAMINA_C_API lamina_status lamina_load_configuration(const char* path);

/* --- tensors --- */

/* Of row-major data, `bytes` long, which is copied. LAMINA_VALUE_ERROR if the shape takes another number of bytes, for
 * more than 12 axes and for strings. */
LAMINA_C_API lamina_status lamina_tensor_create(lamina_dtype dtype, const int64_t* sizes, size_t rank, const void* data,
                                                size_t bytes, lamina_tensor** tensor);
/* The same without a copy: the caller's memory, which must not change until `release(context)` is called, from any
 * thread, when nothing uses it any more. A null release means that it stays for good. After an error it is not called.
 */
typedef void (*lamina_release_function)(void* context);
LAMINA_C_API lamina_status lamina_tensor_wrap(lamina_dtype dtype, const int64_t* sizes, size_t rank, const void* data,
                                              size_t bytes, lamina_release_function release, void* context,
                                              lamina_tensor** tensor);
/* Of texts that end with a zero byte, one per element, which are copied. */
LAMINA_C_API lamina_status lamina_tensor_of_strings(const int64_t* sizes, size_t rank, const char* const* texts,
                                                    size_t count, lamina_tensor** tensor);
LAMINA_C_API void lamina_tensor_free(lamina_tensor* tensor);

/* Of null: LAMINA_BOOL, 0 or null. The data of a tensor of strings is null: lamina_tensor_string() gives those. */
LAMINA_C_API lamina_dtype lamina_tensor_dtype(const lamina_tensor* tensor);
LAMINA_C_API size_t lamina_tensor_rank(const lamina_tensor* tensor);
LAMINA_C_API const int64_t* lamina_tensor_sizes(const lamina_tensor* tensor);
LAMINA_C_API int64_t lamina_tensor_elements(const lamina_tensor* tensor);
LAMINA_C_API size_t lamina_tensor_bytes(const lamina_tensor* tensor);
LAMINA_C_API const void* lamina_tensor_data(const lamina_tensor* tensor);
/* An element of a tensor of strings, in row-major order: its bytes, which may hold zeros, and their number. */
LAMINA_C_API lamina_status lamina_tensor_string(const lamina_tensor* tensor, int64_t element, const char** text,
                                                size_t* length);

/* --- models --- */

/* A .keras archive or legacy .h5 file of Keras 2 or 3. No code is run. `compile` other than 0: with its optimizer, loss
 * and metrics, so that it can go on training. LAMINA_VALUE_ERROR for a file that is missing, damaged or of another
 * format, LAMINA_TYPE_ERROR for a class that is not known. */
LAMINA_C_API lamina_status lamina_model_load(const char* path, int32_t compile, lamina_model** model);
/* The same of a file's bytes. */
LAMINA_C_API lamina_status lamina_model_load_from_memory(const void* data, size_t bytes, int32_t compile,
                                                         lamina_model** model);
/* A model with fresh weights of what Keras' to_json() writes. */
LAMINA_C_API lamina_status lamina_model_from_json(const char* json, lamina_model** model);
LAMINA_C_API void lamina_model_free(lamina_model* model);
/* By the path's ending: .keras, .h5 or .hdf5. Whole or not at all. Without `overwrite` an existing file is a
 * LAMINA_IO_ERROR. */
LAMINA_C_API lamina_status lamina_model_save(const lamina_model* model, const char* path, int32_t overwrite);
LAMINA_C_API lamina_status lamina_model_save_weights(const lamina_model* model, const char* path, int32_t overwrite);
LAMINA_C_API lamina_status lamina_model_load_weights(lamina_model* model, const char* path);
LAMINA_C_API lamina_status lamina_model_to_json(const lamina_model* model, char** json);
LAMINA_C_API lamina_status lamina_model_summary(const lamina_model* model, char** text);

/* What an input or output is. A size of -1 is decided by the call. Pointers live as long as the model. */
typedef struct lamina_tensor_info {
  const char* name;
  lamina_dtype dtype;
  size_t rank;
  const int64_t* sizes;
} lamina_tensor_info;
/* 0 for a model that has not been built and for null. */
LAMINA_C_API size_t lamina_model_input_count(const lamina_model* model);
LAMINA_C_API size_t lamina_model_output_count(const lamina_model* model);
LAMINA_C_API lamina_status lamina_model_input_info(const lamina_model* model, size_t input, lamina_tensor_info* info);
LAMINA_C_API lamina_status lamina_model_output_info(const lamina_model* model, size_t output, lamina_tensor_info* info);

/* Weights in the order of Keras' `weights`. The path ("dense/kernel") is the caller's text. A weight is set to a tensor
 * of its shape, or LAMINA_VALUE_ERROR is returned and nothing has changed. */
LAMINA_C_API size_t lamina_model_weight_count(const lamina_model* model);
LAMINA_C_API lamina_status lamina_model_weight_path(const lamina_model* model, size_t weight, char** path);
LAMINA_C_API lamina_status lamina_model_weight(const lamina_model* model, size_t weight, lamina_tensor** tensor);
LAMINA_C_API lamina_status lamina_model_set_weight(lamina_model* model, size_t weight, const lamina_tensor* tensor);

/* Predictions for `inputs`. Each has the samples on its first axis; they go through the model together where batch_size
 * is 0, else so many at a time. `outputs` is an array of the caller, output_count long, whose entries the caller frees.
 */
LAMINA_C_API lamina_status lamina_model_predict(lamina_model* model, const lamina_tensor* const* inputs,
                                                size_t input_count, int64_t batch_size, lamina_tensor** outputs,
                                                size_t output_count);

/* --- training --- */

/* Keras' compile(): {"optimizer": "adam", "loss": "mse", "metrics": ["mae"]}, each a name or a config such as
 * {"class_name": "Adam", "config": {"learning_rate": 0.01}}. LAMINA_TYPE_ERROR with the nearest name for an argument
 * that compile() does not have. */
LAMINA_C_API lamina_status lamina_model_compile(lamina_model* model, const char* arguments);
/* One step on a batch. A null sample_weight is 1 for all samples. `logs` may be null. */
LAMINA_C_API lamina_status lamina_model_train_on_batch(lamina_model* model, const lamina_tensor* const* inputs,
                                                       size_t input_count, const lamina_tensor* const* targets,
                                                       size_t target_count, const lamina_tensor* sample_weight,
                                                       lamina_logs** logs);
/* Called after each epoch, counted from 0, with its losses and metrics; a result other than 0 ends the training. */
typedef int32_t (*lamina_epoch_function)(void* context, int64_t epoch, const lamina_logs* logs);
/* Keras' fit(): {"batch_size", "epochs", "validation_split", "shuffle", "class_weight", "initial_epoch",
 * "steps_per_epoch", "validation_freq", "verbose", "callbacks": [configs such as {"class_name": "EarlyStopping",
 * "config":
 * {"monitor": "val_loss"}}]}. Silent unless "verbose" is 1 or 2. Each name in `logs`, which may be null, has a value
 * for each epoch. */
LAMINA_C_API lamina_status lamina_model_fit(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                                            const lamina_tensor* const* targets, size_t target_count,
                                            const char* arguments, lamina_epoch_function on_epoch, void* context,
                                            lamina_logs** logs);
/* The loss and the metrics of compile() over all samples, in batches of batch_size, 32 where it is 0. */
LAMINA_C_API lamina_status lamina_model_evaluate(lamina_model* model, const lamina_tensor* const* inputs,
                                                 size_t input_count, const lamina_tensor* const* targets,
                                                 size_t target_count, int64_t batch_size, lamina_logs** logs);

LAMINA_C_API size_t lamina_logs_count(const lamina_logs* logs);
/* Null beyond the end. */
LAMINA_C_API const char* lamina_logs_name(const lamina_logs* logs, size_t entry);
LAMINA_C_API const double* lamina_logs_values(const lamina_logs* logs, size_t entry, size_t* count);
/* The last value of that name; NaN where there is none. */
LAMINA_C_API double lamina_logs_value(const lamina_logs* logs, const char* name);
LAMINA_C_API void lamina_logs_free(lamina_logs* logs);

/* --- ops --- */

/* A function of keras.ops by its name, on tensors as its first arguments and on those of the JSON text:
 * lamina_op("softmax", &x, 1, "{\"axis\": -1}", &y, 1, NULL). Where an argument takes a list of tensors, or a tensor
 * stands after other arguments, {"tensor": i} in the JSON is inputs[i]: {"xs": [{"tensor": 0}, {"tensor": 1}]}. The
 * results are written to `outputs`, an array of `capacity` entries; LAMINA_VALUE_ERROR if there are more.
 * `output_count`, which may be null, is their number. LAMINA_ATTRIBUTE_ERROR with the nearest name for an op that is
 * not there. */
LAMINA_C_API lamina_status lamina_op(const char* name, const lamina_tensor* const* inputs, size_t input_count,
                                     const char* arguments, lamina_tensor** outputs, size_t capacity,
                                     size_t* output_count);
/* The names of all ops, in order; null beyond the end. */
LAMINA_C_API const char* lamina_op_name(size_t op);

#ifdef __cplusplus
}
#endif
#endif /* LAMINA_C_API_H */
