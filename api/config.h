#pragma once
// lamina.json: {"backend": "graph"|"eager", "device": "cpu"|"cuda"|"cuda:1", "floatx", "epsilon", "image_data_format", "lost_masks", "record_steps", "threads", "tf32"}.
// Looked up as the file named by LAMINA_CONFIG, else ./lamina.json, else ~/.lamina/lamina.json; LAMINA_BACKEND and
// LAMINA_DEVICE override it. Read when settings are first used; ValueError naming the key and the choices if it is bad.
#include <cstdint>
#include <optional>
#include <string>

namespace lamina {

void load_configuration();                        // as above
void load_configuration(const std::string& path);  // this file

// Limits for trial runs of fit(), evaluate() and predict(), which warn where they cut; none by default, or what the environment's
// KERAS_MAX_EPOCHS and KERAS_MAX_STEPS_PER_EPOCH say. ValueError for numbers below 1.
std::optional<int64_t> max_epochs();
void set_max_epochs(std::optional<int64_t> most);
std::optional<int64_t> max_steps_per_epoch();
void set_max_steps_per_epoch(std::optional<int64_t> most);

// Ops run on the device of that name from now on: "cpu", "cuda", "cuda:1". ValueError for other names, UnsupportedError if this build
// or this machine has no such device.
void set_device(const std::string& name);

}  // namespace lamina
