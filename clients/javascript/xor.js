// Trains, saves, loads and predicts: see clients/README.md for how the addon is built.
'use strict';
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const lamina = require('./lamina.js');

lamina.setSeed(1);
const x = lamina.tensor(Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), [4, 2]);
const y = lamina.tensor(Float32Array.of(0, 1, 1, 0), [4, 1]);
const layer = (name, config) => ({ module: 'keras.layers', class_name: name, config });
const model = lamina.Model.fromJson({
  module: 'keras',
  class_name: 'Sequential',
  config: {
    name: 'xor',
    layers: [
      layer('InputLayer', { batch_shape: [null, 2], name: 'pair' }),
      layer('Dense', { units: 16, activation: 'tanh' }),
      layer('Dense', { units: 1, activation: 'sigmoid' }),
    ],
  },
});
model.compile({ optimizer: { class_name: 'Adam', config: { learning_rate: 0.05 } }, loss: 'binary_crossentropy' });
let epochs = 0;
const history = model.fit(x, y, { epochs: 1000 }, (epoch, logs) => ++epochs && logs.loss[0] < 0.01);
console.log(`loss is ${history.loss.at(-1).toFixed(4)} after ${epochs} epochs`);
assert(epochs < 1000 && history.loss.length === epochs);

const file = path.join(os.tmpdir(), 'xor_node.keras');
model.save(file);
const again = lamina.Model.load(file);
assert.deepStrictEqual(again.inputs, [{ name: 'pair', shape: [null, 2] }]);
assert.match(again.summary(), /Total params/);
const probabilities = again.predict(x);
console.log(probabilities.data);
assert.deepStrictEqual([...lamina.op('round', probabilities).data], [0, 1, 1, 0]);
assert.deepStrictEqual(lamina.op('concatenate', [x, x], { xs: [{ tensor: 0 }, { tensor: 1 }], axis: 1 }).shape, [4, 4]);

const trained = lamina.Model.load(fs.readFileSync(file), { compile: true });
trained.trainOnBatch(x, y);
assert(trained.evaluate(x, y, { batchSize: 2 }).loss[0] < 0.01);
assert.throws(() => again.predict(y), { code: 'value' });
assert.throws(() => again.predict(7), { code: 'type' });
assert.throws(() => lamina.Model.load('/nowhere.keras'), { code: 'value', message: /nowhere/ });
assert.throws(() => model.fit(x, y, { epochs: 3 }, () => { throw new RangeError('mine'); }), RangeError);
fs.unlinkSync(file);
console.log(`Lamina ${lamina.version}`);
