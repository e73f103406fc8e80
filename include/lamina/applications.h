#pragma once
// keras.applications: applications::ResNet50({.weights = "imagenet"}).
#include "api/applications/applications.h"
