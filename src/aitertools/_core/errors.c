#include "core.h"

PyMethodDef ait_error_functions[] = {{NULL}};
