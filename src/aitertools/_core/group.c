#include "core.h"

PyMethodDef ait_group_functions[] = {{NULL}};
