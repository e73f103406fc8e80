#pragma once
#include <string>

#include "backends/core/value.h"

namespace lamina {

// Whether files of this `keras_version` ("2.2.4-tf"; "" where a file says none) were written before Keras 3.
bool before_keras3(const std::string& keras_version);

// The config of a model that Keras 1 or 2 wrote, saying in Keras 3's words what it meant: names that stand for
// something else since then, defaults that were other ones, and classes that are arguments of others now. Whatever
// Keras 3 means by the same words stays as it is.
Value with_keras2_meaning(const Value& config);

}  // namespace lamina
