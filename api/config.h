#pragma once
// lamina.json: {"backend": "graph"|"eager", "device": "cpu"|"cuda"|"cuda:1", "floatx", "epsilon", "image_data_format",
// "lost_masks", "record_steps", "threads", "tf32"}. Looked up as the file named by LAMINA_CONFIG, else ./lamina.json,
// else ~/.lamina/lamina.json; LAMINA_BACKEND, LAMINA_DEVICE and LAMINA_THREADS override it. Read when settings are
// first used; ValueError naming the key and the choices if it is bad.
#include <cstdint>
#include <optional>
#include <string>

#include "backends/core/device.h"

namespace lamina {

void load_configuration();                         // as above
void load_configuration(const std::string& path);  // this file

// Limits for trial runs of fit(), evaluate() and predict(), which warn where they cut; none by default, or what the
// environment's KERAS_MAX_EPOCHS and KERAS_MAX_STEPS_PER_EPOCH say. ValueError for numbers below 1.
std::optional<int64_t> max_epochs();
void set_max_epochs(std::optional<int64_t> most);
std::optional<int64_t> max_steps_per_epoch();
void set_max_steps_per_epoch(std::optional<int64_t> most);

// Ops of all threads run on the device of that name from now on: "cpu", "cuda", "cuda:1". ValueError for other names,
// UnsupportedError if this build or this machine has no such device.
void set_device(const std::string& name);
Device usable_device(const std::string& name);  // the same device for a DeviceScope, with the same errors

// How many threads work on one op, the caller included, from now on: 1 to 1024, or 0 for one per core that the process
// may use. ValueError for other numbers. Results do not depend on it.
void set_threads(int64_t count);
// The number in force.
int threads();

}  // namespace lamina
