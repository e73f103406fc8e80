#pragma once
// Models: Input(), Sequential, functional graphs and subclasses; compile, fit, evaluate, predict; Keras' files.
#include "api/cloning.h"
#include "api/quantize.h"
#include "api/sequential.h"
#include "layers/core/input_layer.h"
#include "serialization/models/model_io.h"
