/* Trains a classifier of handwritten digits through the C interface, saves it, loads it and predicts.
 *
 *     cc digits.c -llamina -o digits && ./digits ../data/digits.csv
 */
#include <lamina/c_api.h>

#include <stdio.h>
#include <stdlib.h>

#define PIXELS 64
#define SAMPLES 1797
#define TRAINED 1500

static const char* const ARCHITECTURE =
    "{\"module\": \"keras\", \"class_name\": \"Sequential\", \"config\": {\"name\": \"digits\", \"layers\": ["
    "{\"module\": \"keras.layers\", \"class_name\": \"InputLayer\", \"config\": {\"batch_shape\": [null, 64]}},"
    "{\"module\": \"keras.layers\", \"class_name\": \"Rescaling\", \"config\": {\"scale\": 0.0625}},"
    "{\"module\": \"keras.layers\", \"class_name\": \"Dense\", \"config\": {\"units\": 64, \"activation\": \"relu\"}},"
    "{\"module\": \"keras.layers\", \"class_name\": \"Dense\", \"config\": {\"units\": 10, \"activation\": "
    "\"softmax\"}}"
    "]}}";

static void check(lamina_status status) {
  if (status == LAMINA_OK) return;
  fprintf(stderr, "digits: %s error: %s\n", lamina_status_name(status), lamina_last_error());
  exit(1);
}

static float pixels[SAMPLES * PIXELS];
static int32_t labels[SAMPLES];

/* Lines of 64 numbers from 0 to 16 and the digit. */
static void read_digits(const char* path) {
  FILE* file = fopen(path, "r");
  int good = file != NULL;
  for (int i = 0; good && i < SAMPLES; ++i) {
    for (int j = 0; good && j < PIXELS; ++j) good = fscanf(file, "%f,", &pixels[i * PIXELS + j]) == 1;
    good = good && fscanf(file, "%d", &labels[i]) == 1;
  }
  if (file) fclose(file);
  if (good) return;
  fprintf(stderr, "digits: cannot read %d lines of numbers from %s\n", SAMPLES, path);
  exit(1);
}

/* Samples [first, first + count) where they lie: nothing is copied. */
static lamina_tensor* images(int first, int count) {
  const int64_t sizes[] = {count, PIXELS};
  lamina_tensor* out;
  check(lamina_tensor_wrap(LAMINA_FLOAT32, sizes, 2, pixels + first * PIXELS, (size_t)count * PIXELS * sizeof(float),
                           NULL, NULL, &out));
  return out;
}

static lamina_tensor* digits(int first, int count) {
  const int64_t sizes[] = {count};
  lamina_tensor* out;
  check(lamina_tensor_wrap(LAMINA_INT32, sizes, 1, labels + first, (size_t)count * sizeof(int32_t), NULL, NULL, &out));
  return out;
}

static int32_t report(void* context, int64_t epoch, const lamina_logs* logs) {
  (void)context;
  printf("epoch %d: loss %.4f, accuracy %.3f\n", (int)epoch + 1, lamina_logs_value(logs, "loss"),
         lamina_logs_value(logs, "accuracy"));
  return 0;
}

int main(int argc, char** argv) {
  const char* const path = argc > 1 ? argv[1] : "examples/data/digits.csv";
  const char* const saved = argc > 2 ? argv[2] : "digits.keras";
  read_digits(path);
  check(lamina_set_seed(1));

  lamina_model* model;
  check(lamina_model_from_json(ARCHITECTURE, &model));
  check(lamina_model_compile(model,
                             "{\"optimizer\": \"adam\", \"loss\": \"sparse_categorical_crossentropy\", "
                             "\"metrics\": [\"accuracy\"]}"));
  lamina_tensor *x = images(0, TRAINED), *y = digits(0, TRAINED);
  check(lamina_model_fit(model, (const lamina_tensor* const*)&x, 1, (const lamina_tensor* const*)&y, 1,
                         "{\"epochs\": 10}", report, NULL, NULL));
  check(lamina_model_save(model, saved, 1));
  lamina_model_free(model);

  check(lamina_model_load(saved, 0, &model));
  lamina_tensor_info input;
  check(lamina_model_input_info(model, 0, &input));
  printf("%s takes \"%s\", %d numbers per sample\n", saved, input.name, (int)input.sizes[1]);
  lamina_tensor *held_out = images(TRAINED, SAMPLES - TRAINED), *probabilities, *classes;
  check(lamina_model_predict(model, (const lamina_tensor* const*)&held_out, 1, 0, &probabilities, 1));
  check(lamina_op("argmax", (const lamina_tensor* const*)&probabilities, 1, "{\"axis\": -1}", &classes, 1, NULL));
  const int32_t* const found = lamina_tensor_data(classes);
  int right = 0;
  for (int i = 0; i < SAMPLES - TRAINED; ++i) right += found[i] == labels[TRAINED + i];
  printf("%d of %d digits it has never seen are right\n", right, SAMPLES - TRAINED);

  lamina_tensor_free(classes), lamina_tensor_free(probabilities), lamina_tensor_free(held_out);
  lamina_tensor_free(x), lamina_tensor_free(y);
  lamina_model_free(model);
  return 0;
}
