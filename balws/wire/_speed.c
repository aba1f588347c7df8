/*
 * balws.wire._speed: what touches every byte and every frame, in C.
 *
 * The same functions in Python, and what they promise, are balws/wire/plain.py; the tests
 * compare the two.  Three rules keep this file safe:
 *
 *   - parse() is the only place that reads a header.  It answers where a payload lies only
 *     after it has seen that all of it lies before the end; whoever reads a payload reads
 *     just those bytes.
 *   - Bytes that are read belong to a bytes object or a buffer which is held meanwhile, so
 *     that whatever Python runs on the way (the collector may run on any new object) can
 *     neither free nor move them.
 *   - There is no state but in the module and in the iterators.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum {
    TEXT = 0x81, /* first bytes: FIN and an opcode */
    BINARY = 0x82,
    CLOSE = 0x88,
    PING = 0x89,
    PONG = 0x8A,

    MASKED = 0x80, /* of the second byte */
    KEY = 4,       /* bytes of a masking key */
    SHORT = 125,   /* the most bytes whose number the second byte tells */
    MEDIUM = 126,  /* there: two more bytes tell it */
    LARGE = 127,   /* there: eight more bytes tell it */
    LARGEST = 10,  /* bytes of the longest header without a key */
};

/* Masks */

/*
 * Combine bytes with a key, and tell whether all results are ASCII.
 *
 * Each memcpy moves one word: it is how C reads a word at any address, and costs nothing.
 * The key lies in the word as it lies in memory, so that the byte order does not matter.
 * `in` and `out` may not overlap.
 */
static inline int
combine(unsigned char *out, const unsigned char *in, Py_ssize_t length, const unsigned char *key)
{
    uint64_t word, keys, seen = 0;
    unsigned char rest = 0;
    Py_ssize_t at = 0;

    memcpy(&keys, key, KEY);
    memcpy((unsigned char *)&keys + KEY, key, KEY);
    for (; length - at >= 8; at += 8) {
        memcpy(&word, in + at, 8);
        word ^= keys;
        seen |= word;
        memcpy(out + at, &word, 8);
    }
    for (; at < length; at++) {
        out[at] = in[at] ^ key[at % KEY];
        rest |= out[at];
    }
    return !(seen & UINT64_C(0x8080808080808080)) && !(rest & 0x80);
}

/*
 * New bytes: these, combined with a key.
 */
static PyObject *
combinedBytes(const unsigned char *in, Py_ssize_t length, const unsigned char *key)
{
    PyObject *result = PyBytes_FromStringAndSize(NULL, length);

    /* Python has only one empty bytes object; nobody may write there. */
    if (result != NULL && length > 0)
        combine((unsigned char *)PyBytes_AS_STRING(result), in, length, key);
    return result;
}

static int
hasArguments(const char *name, Py_ssize_t given, Py_ssize_t wanted)
{
    if (given != wanted)
        PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", name, wanted, given);
    return given == wanted;
}

static int
isKey(PyObject *object)
{
    if (!PyBytes_Check(object))
        PyErr_SetString(PyExc_TypeError, "a masking key is bytes");
    else if (PyBytes_GET_SIZE(object) != KEY)
        PyErr_SetString(PyExc_ValueError, "a masking key has four bytes");
    else
        return 1;
    return 0;
}

PyDoc_STRVAR(maskDoc, "mask(data, key, /)\n--\n\nSee balws.wire.plain.mask.");

static PyObject *
speedMask(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    Py_buffer data;
    PyObject *result;

    if (!hasArguments("mask", count, 2) || !isKey(arguments[1]))
        return NULL;
    if (PyObject_GetBuffer(arguments[0], &data, PyBUF_SIMPLE) < 0)
        return NULL;
    result = combinedBytes(data.buf, data.len, (const unsigned char *)PyBytes_AS_STRING(arguments[1]));
    PyBuffer_Release(&data);
    return result;
}

/* Frames that were read */

/*
 * Find the plain frame at the front of `left` bytes.
 *
 * 1: there is one; all of its payload, start and length, lies within them.  0: there is
 * none, or not all of it.  No byte is read before `left` says that it is there.
 */
static int
parse(const unsigned char *at, Py_ssize_t left, Py_ssize_t limit, int masked, Py_ssize_t *start, Py_ssize_t *length)
{
    uint64_t large = 0;
    int place;

    *start = masked ? 2 + KEY : 2;
    if (left < *start)
        return 0;
    if (at[0] != TEXT && at[0] != BINARY && at[0] != CLOSE && at[0] != PING && at[0] != PONG)
        return 0;
    if ((at[1] & MASKED) != (masked ? MASKED : 0))
        return 0;
    *length = at[1] & ~MASKED;
    if (*length == MEDIUM) {
        *start += 2;
        if (left < *start)
            return 0;
        *length = at[2] << 8 | at[3];
        if (*length <= SHORT)
            return 0;
    } else if (*length == LARGE) {
        *start += 8;
        if (left < *start)
            return 0;
        for (place = 2; place < 10; place++)
            large = large << 8 | at[place];
        /* The second test also keeps it within Py_ssize_t. */
        if (large <= 0xFFFF || large > (uint64_t)left)
            return 0;
        *length = (Py_ssize_t)large;
    }
    if (*length > SHORT && at[0] >= CLOSE)
        return 0;
    return *length <= left - *start && *length <= limit;
}

/*
 * Decode UTF-8; None, as a new reference, where it is none.
 */
static PyObject *
decoded(const char *bytes, Py_ssize_t length)
{
    PyObject *text = PyUnicode_DecodeUTF8(bytes, length, NULL);

    if (text == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        text = Py_NewRef(Py_None);
    }
    return text;
}

/*
 * Unmask and decode, in one step where all is ASCII: into the text itself.  Otherwise what
 * was begun holds UTF-8, is decoded from there and forgotten: nobody has seen it.
 */
static PyObject *
unmaskedText(const unsigned char *in, Py_ssize_t length, const unsigned char *key)
{
    unsigned char one = 0;
    PyObject *text, *other;

    /* Python has made the texts of no and of one character already; nobody may write there. */
    if (length < 2) {
        combine(&one, in, length, key);
        return decoded((char *)&one, length);
    }
    text = PyUnicode_New(length, 127);
    if (text == NULL || combine(PyUnicode_1BYTE_DATA(text), in, length, key))
        return text;
    other = decoded((char *)PyUnicode_1BYTE_DATA(text), length);
    Py_DECREF(text);
    return other;
}

typedef struct {
    PyObject_HEAD
    PyObject *data;     /* bytes; NULL after the end */
    PyObject *result;   /* the tuple that was given last, or NULL */
    Py_ssize_t offset;  /* of the next frame; never behind the end */
    Py_ssize_t limit;   /* the most bytes of a payload */
    int masked;
} Frames;

/*
 * Make the answer of a step, or use the last one again where only we hold it: for a loop
 * that unpacks it, no tuple is made but the first.  Takes the references, NULL or not.
 */
static PyObject *
answer(Frames *self, PyObject *first, PyObject *payload, PyObject *offset)
{
    PyObject *items[3] = {first, payload, offset}, *old, *result = self->result;
    int place;

    if (first == NULL || payload == NULL || offset == NULL)
        goto failed;
    /* Since 3.14 a tuple may keep its hash, which would be that of the last answer. */
    if (PY_VERSION_HEX < 0x030E0000 && result != NULL && Py_REFCNT(result) == 1) {
        Py_INCREF(result); /* before anything is freed */
    } else {
        result = PyTuple_New(3);
        if (result == NULL)
            goto failed;
        Py_XSETREF(self->result, Py_NewRef(result));
    }
    for (place = 0; place < 3; place++) {
        old = PyTuple_GET_ITEM(result, place); /* NULL in a new one */
        PyTuple_SET_ITEM(result, place, items[place]);
        Py_XDECREF(old);
    }
    return result;

failed:
    for (place = 0; place < 3; place++)
        Py_XDECREF(items[place]);
    return NULL;
}

static PyObject *
framesNext(Frames *self)
{
    static const unsigned char noKey[KEY] = {0}; /* changes nothing: without a key it goes the same way */
    PyObject *data = self->data, *payload;
    const unsigned char *at, *key;
    Py_ssize_t left, start, length, behind;
    int first;

    if (data == NULL)
        return NULL;
    at = (const unsigned char *)PyBytes_AS_STRING(data) + self->offset;
    left = PyBytes_GET_SIZE(data) - self->offset;
    if (!parse(at, left, self->limit, self->masked, &start, &length)) {
        Py_CLEAR(self->data);
        return NULL;
    }
    /* Moved on first, and held: a collection may run Python code which asks for the next frame. */
    Py_INCREF(data);
    first = at[0];
    behind = self->offset += start + length;
    at += start;
    key = self->masked ? at - KEY : noKey;
    payload = first == TEXT ? unmaskedText(at, length, key) : combinedBytes(at, length, key);
    Py_DECREF(data);
    return answer(self, PyLong_FromLong(first), payload, PyLong_FromSsize_t(behind));
}

/*
 * The bytes of any buffer, as bytes.
 */
static PyObject *
copied(PyObject *object)
{
    Py_buffer buffer;
    PyObject *bytes;

    if (PyObject_GetBuffer(object, &buffer, PyBUF_SIMPLE) < 0)
        return NULL;
    bytes = PyBytes_FromStringAndSize(buffer.buf, buffer.len);
    PyBuffer_Release(&buffer);
    return bytes;
}

PyDoc_STRVAR(framesDoc, "frames(data, limit, masked, /)\n--\n\nSee balws.wire.plain.frames.");

static PyObject *
speedFrames(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    PyTypeObject *type = *(PyTypeObject **)PyModule_GetState(module);
    PyObject *data;
    Py_ssize_t limit;
    Frames *self;
    int masked;

    if (!hasArguments("frames", count, 3))
        return NULL;
    limit = PyNumber_AsSsize_t(arguments[1], NULL); /* clipped where it is too large */
    if (limit == -1 && PyErr_Occurred())
        return NULL;
    masked = PyObject_IsTrue(arguments[2]);
    if (masked < 0)
        return NULL;
    /* What can change is copied: between two steps anything may happen. */
    data = PyBytes_CheckExact(arguments[0]) ? Py_NewRef(arguments[0]) : copied(arguments[0]);
    if (data == NULL)
        return NULL;
    self = PyObject_New(Frames, type);
    if (self == NULL) {
        Py_DECREF(data);
        return NULL;
    }
    self->data = data;
    self->result = NULL;
    self->offset = 0;
    self->limit = limit;
    self->masked = masked;
    return (PyObject *)self;
}

static void
framesDealloc(Frames *self)
{
    PyTypeObject *type = Py_TYPE(self);

    Py_XDECREF(self->data);
    Py_XDECREF(self->result);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* The collector need not know them: bytes, and a tuple of numbers and payloads, lead nowhere. */
static PyType_Slot framesSlots[] = {
    {Py_tp_dealloc, framesDealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, framesNext},
    {Py_tp_doc, "See balws.wire.plain.frames."},
    {0, NULL},
};

static PyType_Spec framesSpec = {
    .name = "balws.wire._speed.Frames",
    .basicsize = sizeof(Frames),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = framesSlots,
};

/* Frames to be written */

/*
 * Write a header where LARGEST bytes are free, and tell how many it has.
 */
static Py_ssize_t
writeHeader(unsigned char *header, int first, Py_ssize_t length)
{
    int place;

    header[0] = (unsigned char)first;
    if (length <= SHORT) {
        header[1] = (unsigned char)length;
        return 2;
    }
    if (length <= 0xFFFF) {
        header[1] = MEDIUM;
        header[2] = (unsigned char)(length >> 8);
        header[3] = (unsigned char)length;
        return 4;
    }
    header[1] = LARGE;
    for (place = 0; place < 8; place++)
        header[2 + place] = (unsigned char)((uint64_t)length >> (56 - 8 * place));
    return LARGEST;
}

/*
 * A whole frame; `first` is an object still, for it is looked at last: of two faults the
 * payload's is told, as in Python.
 */
static PyObject *
frameOf(PyObject *first, const void *payload, Py_ssize_t length)
{
    unsigned char header[LARGEST];
    Py_ssize_t size;
    PyObject *result;
    int overflow;
    long number = PyLong_AsLongAndOverflow(first, &overflow);

    if (number == -1 && PyErr_Occurred())
        return NULL;
    if (overflow || number < 0 || number > 255) {
        PyErr_SetString(PyExc_ValueError, "the first byte of a frame is 0 to 255");
        return NULL;
    }
    if (length > PY_SSIZE_T_MAX - LARGEST)
        return PyErr_NoMemory();
    size = writeHeader(header, (int)number, length);
    result = PyBytes_FromStringAndSize(NULL, size + length);
    if (result != NULL) {
        memcpy(PyBytes_AS_STRING(result), header, (size_t)size);
        memcpy(PyBytes_AS_STRING(result) + size, payload, (size_t)length);
    }
    return result;
}

PyDoc_STRVAR(framedDoc, "framed(first, payload, /)\n--\n\nSee balws.wire.plain.framed.");

static PyObject *
speedFramed(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    PyObject *payload, *encoded, *result;

    if (!hasArguments("framed", count, 2))
        return NULL;
    payload = arguments[1];
    if (PyBytes_Check(payload))
        return frameOf(arguments[0], PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload));
    if (!PyUnicode_Check(payload)) {
        PyErr_SetString(PyExc_TypeError, "the payload of a frame is str or bytes");
        return NULL;
    }
    /* Such a text is UTF-8 as it lies there. */
    if (PyUnicode_IS_COMPACT_ASCII(payload))
        return frameOf(arguments[0], PyUnicode_1BYTE_DATA(payload), PyUnicode_GET_LENGTH(payload));
    encoded = PyUnicode_AsUTF8String(payload);
    if (encoded == NULL)
        return NULL;
    result = frameOf(arguments[0], PyBytes_AS_STRING(encoded), PyBytes_GET_SIZE(encoded));
    Py_DECREF(encoded);
    return result;
}

/* The module; its state is the type of the iterators. */

static int
speedExec(PyObject *module)
{
    PyObject **type = PyModule_GetState(module);

    *type = PyType_FromModuleAndSpec(module, &framesSpec, NULL);
    return *type == NULL ? -1 : 0;
}

static int
speedTraverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(*(PyObject **)PyModule_GetState(module));
    return 0;
}

static int
speedClear(PyObject *module)
{
    Py_CLEAR(*(PyObject **)PyModule_GetState(module));
    return 0;
}

static void
speedFree(void *module)
{
    (void)speedClear(module);
}

static PyMethodDef speedMethods[] = {
    {"mask", (PyCFunction)(void (*)(void))speedMask, METH_FASTCALL, maskDoc},
    {"frames", (PyCFunction)(void (*)(void))speedFrames, METH_FASTCALL, framesDoc},
    {"framed", (PyCFunction)(void (*)(void))speedFramed, METH_FASTCALL, framedDoc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot speedSlots[] = {
    {Py_mod_exec, speedExec},
    {0, NULL},
};

static struct PyModuleDef speedModule = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_speed",
    .m_doc = "What touches every byte and every frame, in C; see balws.wire.plain.",
    .m_size = sizeof(PyObject *),
    .m_methods = speedMethods,
    .m_slots = speedSlots,
    .m_traverse = speedTraverse,
    .m_clear = speedClear,
    .m_free = speedFree,
};

PyMODINIT_FUNC
PyInit__speed(void)
{
    return PyModuleDef_Init(&speedModule);
}
