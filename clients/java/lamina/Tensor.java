package lamina;

/** An immutable row-major array: of float, double, int or long. */
public final class Tensor {
  private final Object data;
  private final long[] shape;

  private Tensor(Object data, long[] shape) {
    this.data = data;
    this.shape = shape;
  }

  public static Tensor of(float[] data, long... shape) {
    return new Tensor(data.clone(), shape.clone());
  }

  public static Tensor of(double[] data, long... shape) {
    return new Tensor(data.clone(), shape.clone());
  }

  public static Tensor of(int[] data, long... shape) {
    return new Tensor(data.clone(), shape.clone());
  }

  public static Tensor of(long[] data, long... shape) {
    return new Tensor(data.clone(), shape.clone());
  }

  public long[] shape() {
    return shape.clone();
  }

  /** A copy of the values; ClassCastException if they are of another type. */
  public float[] floats() {
    return ((float[]) data).clone();
  }

  public double[] doubles() {
    return ((double[]) data).clone();
  }

  public int[] ints() {
    return ((int[]) data).clone();
  }

  public long[] longs() {
    return ((long[]) data).clone();
  }
}
