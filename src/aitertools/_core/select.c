#include "core.h"

PyMethodDef ait_select_functions[] = {{NULL}};
