package lamina;

import java.util.Map;

/**
 * A model of Keras' files. Predictions may run in several threads at once; training wants the model to itself. close()
 * frees its memory; no other method may be called then.
 */
public final class Model implements AutoCloseable {
  /** Called after each epoch, counted from 0; ends the training by returning true. */
  public interface EpochFunction {
    boolean stop(long epoch, Map<String, double[]> logs);
  }

  static {
    System.loadLibrary("lamina_java");
  }

  private long handle;

  private Model(long handle) {
    this.handle = handle;
  }

  /** A .keras or .h5 file; with `compile` it can go on training. */
  public static Model load(String path, boolean compile) {
    return new Model(load0(path, compile));
  }

  /** The bytes of such a file. */
  public static Model load(byte[] file, boolean compile) {
    return new Model(loadBytes0(file, compile));
  }

  /** With fresh weights, from what Keras' to_json() writes. */
  public static Model fromJson(String json) {
    return new Model(fromJson0(json));
  }

  /** The seed that all others are derived from. */
  public static native void setSeed(long seed);

  /** Threads that work on one call; 0 for one per core. */
  public static native void setThreads(long count);

  /** "graph" or "eager". */
  public static native void setEngine(String name);

  public static native String version();

  /** A function of keras.ops by its name, with further arguments as JSON or null. */
  public static native Tensor[] op(String name, Tensor[] inputs, String arguments);

  public void save(String path, boolean overwrite) {
    save0(open(), path, overwrite);
  }

  public String summary() {
    return summary0(open());
  }

  public String[] inputNames() {
    return names0(open(), false);
  }

  public String[] outputNames() {
    return names0(open(), true);
  }

  /** Sizes of an input; -1 where the call decides. */
  public long[] inputShape(int input) {
    return shape0(open(), input, false);
  }

  public long[] outputShape(int output) {
    return shape0(open(), output, true);
  }

  /** All samples at once. */
  public Tensor[] predict(Tensor... inputs) {
    return predict0(open(), inputs, 0);
  }

  /** So many samples at a time. */
  public Tensor[] predict(Tensor[] inputs, long batchSize) {
    return predict0(open(), inputs, batchSize);
  }

  /** Keras' compile(), its arguments as JSON. */
  public void compile(String arguments) {
    compile0(open(), arguments);
  }

  /** Keras' fit(), its arguments as JSON or null; its history. `onEpoch` may be null. */
  public Map<String, double[]> fit(Tensor[] inputs, Tensor[] targets, String arguments, EpochFunction onEpoch) {
    return fit0(open(), inputs, targets, arguments, onEpoch);
  }

  public Map<String, double[]> trainOnBatch(Tensor[] inputs, Tensor[] targets) {
    return trainOnBatch0(open(), inputs, targets);
  }

  public Map<String, double[]> evaluate(Tensor[] inputs, Tensor[] targets, long batchSize) {
    return evaluate0(open(), inputs, targets, batchSize);
  }

  @Override
  public void close() {
    if (handle != 0) free0(handle);
    handle = 0;
  }

  private long open() {
    if (handle == 0) throw new IllegalStateException("The model is closed.");
    return handle;
  }

  private static native long load0(String path, boolean compile);

  private static native long loadBytes0(byte[] file, boolean compile);

  private static native long fromJson0(String json);

  private static native void free0(long model);

  private static native void save0(long model, String path, boolean overwrite);

  private static native String summary0(long model);

  private static native String[] names0(long model, boolean outputs);

  private static native long[] shape0(long model, int place, boolean outputs);

  private static native Tensor[] predict0(long model, Tensor[] inputs, long batchSize);

  private static native void compile0(long model, String arguments);

  private static native Map<String, double[]> fit0(
      long model, Tensor[] inputs, Tensor[] targets, String arguments, EpochFunction onEpoch);

  private static native Map<String, double[]> trainOnBatch0(long model, Tensor[] inputs, Tensor[] targets);

  private static native Map<String, double[]> evaluate0(
      long model, Tensor[] inputs, Tensor[] targets, long batchSize);
}
