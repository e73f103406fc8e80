-- Trains, saves, loads and predicts: LD_LIBRARY_PATH=<prefix>/lib luajit xor.lua
package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local lamina = require("lamina")

lamina.set_seed(1)
local x = lamina.tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2})
local y = lamina.tensor({0, 1, 1, 0}, {4, 1})
local model = lamina.Model.from_json([[
{"module": "keras", "class_name": "Sequential", "config": {"name": "xor", "layers": [
  {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 2], "name": "pair"}},
  {"module": "keras.layers", "class_name": "Dense", "config": {"units": 16, "activation": "tanh"}},
  {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "activation": "sigmoid"}}]}}]])
model:compile([[{"optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.05}}, "loss": "binary_crossentropy"}]])
local history = model:fit(x, y, '{"epochs": 1000}', function(_, logs) return logs.loss[1] < 0.01 end)
print(("loss is %.4f after %d epochs"):format(history.loss[#history.loss], #history.loss))
assert(#history.loss < 1000)

local path = os.tmpname() .. ".keras"
model:save(path)
local again = lamina.Model.load(path)
assert(again:inputs()[1].name == "pair" and again:inputs()[1].shape[1] == -1 and #again:outputs() == 1)
assert(again:summary():find("Total params"))
local probabilities = again:predict(x)
print(table.concat(probabilities:values(), " "))
assert(table.concat(lamina.op("round", probabilities):values(), " ") == "0 1 1 0")
assert(table.concat(lamina.op("concatenate", {x, x}, '{"xs": [{"tensor": 0}, {"tensor": 1}]}'):shape(), " ") == "8 2")

local file = io.open(path, "rb")
local trained = lamina.Model.from_bytes(file:read("*a"), true)
file:close()
trained:train_on_batch(x, y)
assert(trained:evaluate(x, y, 2).loss[1] < 0.01)
local good, wrong = pcall(again.predict, again, y)
assert(not good and wrong.kind == "value")
assert(not pcall(model.fit, model, x, y, nil, function() error("mine") end))
os.remove(path)
print("Lamina " .. lamina.version)
