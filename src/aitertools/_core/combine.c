#include "core.h"

PyMethodDef ait_combine_functions[] = {{NULL}};
