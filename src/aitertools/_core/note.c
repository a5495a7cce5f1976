/* Notes: an ordinary error says once through which operators it came. */
#include "core.h"

static const char NOTE[] = "in aitertools: ";

static bool
has_note(ait_state *st, PyObject *exc)
{
    PyObject *notes = PyObject_GetAttr(exc, st->str___notes__);
    bool found = false;
    if (notes == NULL || !PyList_Check(notes)) {
        PyErr_Clear();
        Py_XDECREF(notes);
        return false;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(notes) && !found; i++) {
        PyObject *note = Py_NewRef(PyList_GET_ITEM(notes, i));
        const char *text = PyUnicode_Check(note) ? PyUnicode_AsUTF8(note) : NULL;
        found = text != NULL && strncmp(text, NOTE, sizeof(NOTE) - 1) == 0;
        Py_DECREF(note);
    }
    PyErr_Clear();
    Py_DECREF(notes);
    return found;
}

static PyObject *
note_text(ait_run *run)
{
    PyObject *path = ait_describe(run->op), *text;
    if (path == NULL || run->goal->name == NULL || run->goal->in_op) {
        text = path == NULL ? NULL : PyUnicode_FromFormat("%s%U", NOTE, path);
    }
    else {
        text = PyUnicode_FromFormat("%s%s <- %U", NOTE, run->goal->name, path);
    }
    Py_XDECREF(path);
    return text;
}

void
ait_add_note(ait_run *run)
{
    if (!PyErr_ExceptionMatches(PyExc_Exception)) {
        return;
    }
    PyObject *exc = PyErr_GetRaisedException();
    ait_state *st = run->d.st;
    if (!has_note(st, exc)) {
        PyObject *text = note_text(run);
        PyObject *done =
            text == NULL ? NULL : PyObject_CallMethodOneArg(exc, st->str_add_note, text);
        PyErr_Clear(); /* an exception that takes no note is raised without one */
        Py_XDECREF(done);
        Py_XDECREF(text);
    }
    PyErr_SetRaisedException(exc);
}
