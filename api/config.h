#pragma once
// lamina.json: {"backend": "graph"|"eager", "device": "cpu"|"cuda"|"cuda:1", "floatx", "epsilon", "image_data_format", "lost_masks", "record_steps", "threads", "tf32"}.
// Looked up as the file named by LAMINA_CONFIG, else ./lamina.json, else ~/.lamina/lamina.json; LAMINA_BACKEND and
// LAMINA_DEVICE override it. Read when settings are first used; ValueError naming the key and the choices if it is bad.
#include <string>

namespace lamina {

void load_configuration();                        // as above
void load_configuration(const std::string& path);  // this file

// Ops run on the device of that name from now on: "cpu", "cuda", "cuda:1". ValueError for other names, UnsupportedError if this build
// or this machine has no such device.
void set_device(const std::string& name);

}  // namespace lamina
