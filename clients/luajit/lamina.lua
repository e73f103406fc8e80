-- Lamina from LuaJIT: models of Keras' files, over the C interface by FFI.
-- Errors of the library are raised as tables {kind = "value", message = ...} that print as their text.
local ffi = require("ffi")

ffi.cdef [[
typedef struct lamina_tensor lamina_tensor;
typedef struct lamina_model lamina_model;
typedef struct lamina_logs lamina_logs;
typedef struct { const char* name; int32_t dtype; size_t rank; const int64_t* sizes; } lamina_tensor_info;
typedef int32_t (*lamina_epoch_function)(void* context, int64_t epoch, const lamina_logs* logs);
const char* lamina_version(void);
const char* lamina_last_error(void);
const char* lamina_status_name(int32_t status);
void lamina_free(void* text);
int32_t lamina_set_seed(int64_t seed);
int32_t lamina_set_threads(int64_t count);
int32_t lamina_set_engine(const char* name);
int32_t lamina_tensor_create(int32_t dtype, const int64_t* sizes, size_t rank, const void* data, size_t bytes,
                             lamina_tensor** tensor);
void lamina_tensor_free(lamina_tensor* tensor);
int32_t lamina_tensor_dtype(const lamina_tensor* tensor);
size_t lamina_tensor_rank(const lamina_tensor* tensor);
const int64_t* lamina_tensor_sizes(const lamina_tensor* tensor);
int64_t lamina_tensor_elements(const lamina_tensor* tensor);
const void* lamina_tensor_data(const lamina_tensor* tensor);
int32_t lamina_model_load(const char* path, int32_t compile, lamina_model** model);
int32_t lamina_model_load_from_memory(const void* data, size_t bytes, int32_t compile, lamina_model** model);
int32_t lamina_model_from_json(const char* json, lamina_model** model);
void lamina_model_free(lamina_model* model);
int32_t lamina_model_save(const lamina_model* model, const char* path, int32_t overwrite);
int32_t lamina_model_summary(const lamina_model* model, char** text);
size_t lamina_model_input_count(const lamina_model* model);
size_t lamina_model_output_count(const lamina_model* model);
int32_t lamina_model_input_info(const lamina_model* model, size_t input, lamina_tensor_info* info);
int32_t lamina_model_output_info(const lamina_model* model, size_t output, lamina_tensor_info* info);
int32_t lamina_model_predict(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                             int64_t batch_size, lamina_tensor** outputs, size_t output_count);
int32_t lamina_model_compile(lamina_model* model, const char* arguments);
int32_t lamina_model_train_on_batch(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                                    const lamina_tensor* const* targets, size_t target_count,
                                    const lamina_tensor* sample_weight, lamina_logs** logs);
int32_t lamina_model_fit(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                         const lamina_tensor* const* targets, size_t target_count, const char* arguments,
                         lamina_epoch_function on_epoch, void* context, lamina_logs** logs);
int32_t lamina_model_evaluate(lamina_model* model, const lamina_tensor* const* inputs, size_t input_count,
                              const lamina_tensor* const* targets, size_t target_count, int64_t batch_size,
                              lamina_logs** logs);
size_t lamina_logs_count(const lamina_logs* logs);
const char* lamina_logs_name(const lamina_logs* logs, size_t entry);
const double* lamina_logs_values(const lamina_logs* logs, size_t entry, size_t* count);
void lamina_logs_free(lamina_logs* logs);
int32_t lamina_op(const char* name, const lamina_tensor* const* inputs, size_t input_count, const char* arguments,
                  lamina_tensor** outputs, size_t capacity, size_t* output_count);
]]

local C = ffi.load("lamina")
local lamina = {version = ffi.string(C.lamina_version())}

local failure = {__tostring = function(e) return e.kind .. " error: " .. e.message end}

local function check(status)
  if status ~= 0 then
    error(setmetatable({kind = ffi.string(C.lamina_status_name(status)), message = ffi.string(C.lamina_last_error())},
                       failure), 3)
  end
end

function lamina.set_seed(seed) check(C.lamina_set_seed(seed)) end
function lamina.set_threads(count) check(C.lamina_set_threads(count)) end
function lamina.set_engine(name) check(C.lamina_set_engine(name)) end

-- Tensors.
local dtypes = {uint8 = {1, "uint8_t"}, int8 = {5, "int8_t"}, int32 = {7, "int32_t"}, int64 = {8, "int64_t"},
                float32 = {11, "float"}, float64 = {12, "double"}}
local Tensor = {}
Tensor.__index = Tensor

local function tensor_of(handle)
  return setmetatable({handle = ffi.gc(handle, C.lamina_tensor_free)}, Tensor)
end

-- Of row-major values, a table of numbers; dtype is "float32" where none is given.
function lamina.tensor(values, sizes, dtype)
  local known = dtypes[dtype or "float32"] or error("unknown dtype " .. tostring(dtype), 2)
  local array = ffi.new(known[2] .. "[?]", math.max(#values, 1), values)
  local out = ffi.new("lamina_tensor*[1]")
  check(C.lamina_tensor_create(known[1], ffi.new("int64_t[?]", math.max(#sizes, 1), sizes), #sizes, array,
                               #values * ffi.sizeof(known[2]), out))
  return tensor_of(out[0])
end

function Tensor:shape()
  local out = {}
  for i = 1, tonumber(C.lamina_tensor_rank(self.handle)) do
    out[i] = tonumber(C.lamina_tensor_sizes(self.handle)[i - 1])
  end
  return out
end

-- The values as a table of numbers.
function Tensor:values()
  local number = C.lamina_tensor_dtype(self.handle)
  for _, known in pairs(dtypes) do
    if known[1] == number then
      local from = ffi.cast("const " .. known[2] .. "*", C.lamina_tensor_data(self.handle))
      local out = {}
      for i = 1, tonumber(C.lamina_tensor_elements(self.handle)) do out[i] = tonumber(from[i - 1]) end
      return out
    end
  end
  error("values of dtype number " .. number .. " are not read here: cast the output in the model", 2)
end

local function handles(tensors)
  if getmetatable(tensors) == Tensor then tensors = {tensors} end
  local out = ffi.new("const lamina_tensor*[?]", math.max(#tensors, 1))
  for i, t in ipairs(tensors) do out[i - 1] = t.handle end
  return out, #tensors, tensors  -- the last keeps them alive
end

local function tensor_list(handles_, count)
  local out = {}
  for i = 1, count do out[i] = tensor_of(handles_[i - 1]) end
  return out
end

-- A function of keras.ops by its name, with further arguments as JSON or nil; all of its results.
function lamina.op(name, inputs, arguments)
  local given, n, alive = handles(inputs)
  local out, count = ffi.new("lamina_tensor*[16]"), ffi.new("size_t[1]")
  check(C.lamina_op(name, given, n, arguments, out, 16, count))
  return unpack(tensor_list(out, tonumber(count[0])))
end

-- Losses and metrics by name: {loss = {values}}.
local function logs_of(logs)
  local out, count = {}, ffi.new("size_t[1]")
  for i = 0, tonumber(C.lamina_logs_count(logs)) - 1 do
    local values, list = C.lamina_logs_values(logs, i, count), {}
    for j = 1, tonumber(count[0]) do list[j] = values[j - 1] end
    out[ffi.string(C.lamina_logs_name(logs, i))] = list
  end
  return out
end

local function taken(logs)
  local out = logs_of(logs[0])
  C.lamina_logs_free(logs[0])
  return out
end

-- Models.
local Model = {}
Model.__index = Model
lamina.Model = Model

local function model_of(out)
  return setmetatable({handle = ffi.gc(out[0], C.lamina_model_free)}, Model)
end

-- A .keras or .h5 file; with `compile` it can go on training.
function Model.load(path, compile)
  local out = ffi.new("lamina_model*[1]")
  check(C.lamina_model_load(path, compile and 1 or 0, out))
  return model_of(out)
end

-- A string with the bytes of such a file.
function Model.from_bytes(bytes, compile)
  local out = ffi.new("lamina_model*[1]")
  check(C.lamina_model_load_from_memory(bytes, #bytes, compile and 1 or 0, out))
  return model_of(out)
end

-- With fresh weights, from what Keras' to_json() writes.
function Model.from_json(json)
  local out = ffi.new("lamina_model*[1]")
  check(C.lamina_model_from_json(json, out))
  return model_of(out)
end

function Model:save(path, overwrite)
  check(C.lamina_model_save(self.handle, path, overwrite == false and 0 or 1))
end

function Model:summary()
  local text = ffi.new("char*[1]")
  check(C.lamina_model_summary(self.handle, text))
  local out = ffi.string(text[0])
  C.lamina_free(text[0])
  return out
end

local function ends(model, count, tell)
  local out, info = {}, ffi.new("lamina_tensor_info[1]")
  for i = 1, tonumber(count(model.handle)) do
    check(tell(model.handle, i - 1, info))
    local shape = {}
    for j = 1, tonumber(info[0].rank) do shape[j] = tonumber(info[0].sizes[j - 1]) end
    out[i] = {name = ffi.string(info[0].name), shape = shape}
  end
  return out
end

-- {{name = ..., shape = {...}}}; a size of -1 is decided by the call.
function Model:inputs() return ends(self, C.lamina_model_input_count, C.lamina_model_input_info) end
function Model:outputs() return ends(self, C.lamina_model_output_count, C.lamina_model_output_info) end

-- All outputs, for all samples at once or batch_size at a time.
function Model:predict(inputs, batch_size)
  local given, n, alive = handles(inputs)
  local count = tonumber(C.lamina_model_output_count(self.handle))
  local out = ffi.new("lamina_tensor*[?]", math.max(count, 1))
  check(C.lamina_model_predict(self.handle, given, n, batch_size or 0, out, count))
  return unpack(tensor_list(out, count))
end

-- Keras' compile(), its arguments as JSON.
function Model:compile(arguments) check(C.lamina_model_compile(self.handle, arguments)) end

-- Keras' fit(), its arguments as JSON or nil; its history. on_epoch(epoch, logs) ends the training by returning true.
function Model:fit(inputs, targets, arguments, on_epoch)
  local x, nx, alive_x = handles(inputs)
  local y, ny, alive_y = handles(targets)
  local raised
  local callback = on_epoch and ffi.cast("lamina_epoch_function", function(_, epoch, logs)
    local good, stop = pcall(on_epoch, tonumber(epoch), logs_of(logs))
    if not good then raised = {stop} end  -- an error must not pass through C
    return (not good or stop) and 1 or 0
  end)
  local logs = ffi.new("lamina_logs*[1]")
  local status = C.lamina_model_fit(self.handle, x, nx, y, ny, arguments, callback, nil, logs)
  if callback then callback:free() end
  check(status)
  local out = taken(logs)
  if raised then error(raised[1], 0) end
  return out
end
jit.off(Model.fit)  -- its callback comes from C

function Model:train_on_batch(inputs, targets)
  local x, nx, alive_x = handles(inputs)
  local y, ny, alive_y = handles(targets)
  local logs = ffi.new("lamina_logs*[1]")
  check(C.lamina_model_train_on_batch(self.handle, x, nx, y, ny, nil, logs))
  return taken(logs)
end

function Model:evaluate(inputs, targets, batch_size)
  local x, nx, alive_x = handles(inputs)
  local y, ny, alive_y = handles(targets)
  local logs = ffi.new("lamina_logs*[1]")
  check(C.lamina_model_evaluate(self.handle, x, nx, y, ny, batch_size or 32, logs))
  return taken(logs)
end

return lamina
