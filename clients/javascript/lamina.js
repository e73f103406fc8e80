// Lamina from Node: models of Keras' files. LAMINA_NODE names the built addon where it does not lie beside this file.
'use strict';
const native = require(process.env.LAMINA_NODE || './lamina.node');

/** A tensor is {data: TypedArray, shape: [sizes]}, row-major. */
function tensor(data, shape) {
  return { data, shape };
}

function json(value) {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

function list(tensors) {
  return Array.isArray(tensors) ? tensors : [tensors];
}

/** A model. Errors of the library are thrown with their kind ("value", "io", ...) as `code`. */
class Model {
  constructor(handle) {
    this.handle = handle;
  }
  /** A .keras or .h5 file by its path, or a Buffer with its bytes; with `compile` it can go on training. */
  static load(source, { compile = false } = {}) {
    return new Model(native.load(source, compile));
  }
  /** With fresh weights, from what Keras' to_json() writes, as text or as an object. */
  static fromJson(architecture) {
    return new Model(native.fromJson(json(architecture)));
  }
  save(path, { overwrite = true } = {}) {
    native.save(this.handle, path, overwrite);
  }
  summary() {
    return native.summary(this.handle);
  }
  /** [{name, shape}]; a size is null where the call decides it. */
  get inputs() {
    return native.ends(this.handle, false);
  }
  get outputs() {
    return native.ends(this.handle, true);
  }
  /** One tensor for one output, else a list. All samples at once, or `batchSize` at a time. */
  predict(inputs, { batchSize = 0 } = {}) {
    const out = native.predict(this.handle, list(inputs), batchSize);
    return out.length === 1 ? out[0] : out;
  }
  /** Keras' compile(): {optimizer, loss, metrics}. */
  compile(args) {
    native.compile(this.handle, json(args));
  }
  /** Keras' fit(): {epochs, batch_size, ...}; its history. `onEpoch(epoch, logs)` ends the training by returning true. */
  fit(inputs, targets, args = undefined, onEpoch = undefined) {
    return native.train('fit', this.handle, list(inputs), list(targets), json(args), onEpoch);
  }
  trainOnBatch(inputs, targets) {
    return native.train('batch', this.handle, list(inputs), list(targets));
  }
  evaluate(inputs, targets, { batchSize = 32 } = {}) {
    return native.train('evaluate', this.handle, list(inputs), list(targets), batchSize);
  }
}

/** A function of keras.ops by its name; one tensor for one result, else a list. */
function op(name, inputs, args = undefined) {
  const out = native.op(name, list(inputs), json(args));
  return out.length === 1 ? out[0] : out;
}

module.exports = {
  Model,
  tensor,
  op,
  version: native.version,
  setSeed: (seed) => native.set('seed', seed),
  setThreads: (count) => native.set('threads', count),
  setEngine: (name) => native.set('engine', name),
};
