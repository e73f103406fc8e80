import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import lamina.LaminaException;
import lamina.Model;
import lamina.Tensor;

/** Trains, saves, loads and predicts: see clients/README.md for how it is built. */
public final class Xor {
  static final String ARCHITECTURE =
      """
      {"module": "keras", "class_name": "Sequential", "config": {"name": "xor", "layers": [
        {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 2], "name": "pair"}},
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 16, "activation": "tanh"}},
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "activation": "sigmoid"}}]}}""";

  static void check(boolean good, String what) {
    if (!good) throw new AssertionError(what);
  }

  public static void main(String[] arguments) throws Exception {
    Model.setSeed(1);
    Tensor[] x = {Tensor.of(new float[] {0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)};
    Tensor[] y = {Tensor.of(new float[] {0, 1, 1, 0}, 4, 1)};
    Path file = Files.createTempFile("xor_java", ".keras");
    try (Model model = Model.fromJson(ARCHITECTURE)) {
      model.compile(
          "{\"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.05}},"
              + " \"loss\": \"binary_crossentropy\"}");
      Map<String, double[]> history =
          model.fit(x, y, "{\"epochs\": 1000}", (epoch, logs) -> logs.get("loss")[0] < 0.01);
      double[] losses = history.get("loss");
      System.out.printf("loss is %.4f after %d epochs%n", losses[losses.length - 1], losses.length);
      check(losses.length < 1000, "epochs");
      model.save(file.toString(), true);
      try {
        model.fit(x, y, null, (epoch, logs) -> { throw new IllegalStateException("mine"); });
        check(false, "an exception of the callback");
      } catch (IllegalStateException e) {
        check(e.getMessage().equals("mine"), "its message");
      }
    }
    try (Model model = Model.load(file.toString(), false)) {
      check(model.inputNames()[0].equals("pair"), "names");
      check(Arrays.equals(model.inputShape(0), new long[] {-1, 2}), "shapes");
      check(model.summary().contains("Total params"), "summary");
      Tensor probabilities = model.predict(x)[0];
      System.out.println(Arrays.toString(probabilities.floats()));
      Tensor rounded = Model.op("round", new Tensor[] {probabilities}, null)[0];
      check(Arrays.equals(rounded.floats(), new float[] {0, 1, 1, 0}), "values");
      try {
        model.predict(y);
        check(false, "another shape");
      } catch (LaminaException e) {
        check(e.kind().equals("value"), "kind of the error");
      }
    }
    try (Model model = Model.load(Files.readAllBytes(file), true)) {
      model.trainOnBatch(x, y);
      check(model.evaluate(x, y, 2).get("loss")[0] < 0.01, "loss");
    }
    Files.delete(file);
    System.out.println("Lamina " + Model.version());
  }
}
