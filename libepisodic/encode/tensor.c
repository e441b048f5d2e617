/* tensor.c - tensors of safetensors and .npy files; see tensor.h.
 *
 * Sources: the safetensors format (u64 header size, a JSON object of dtype, shape and data_offsets, then the data);
 * the NumPy .npy format, versions 1 to 3.
 */
#include "tensor.h"

#include <episodic/sys/json.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE "encode"
#define HEADER_SIZE_MAX (100u * 1024u * 1024u)
#define ROWS_MAX (1ull << 31)
#define COLUMNS_MAX (1ull << 20)

/* ---- files ------------------------------------------------------------------------------------------------------ */

epi_status epi__mapped_open(epi__mapped *file, const char *path) {
    struct stat info;
    *file = (epi__mapped){NULL, 0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return epi__fail_errno(MODULE, errno, "opening", path);
    epi_status status = EPI_OK;
    if (fstat(fd, &info) != 0)
        status = epi__fail_errno(MODULE, errno, "reading", path);
    else if (!S_ISREG(info.st_mode) || info.st_size <= 0)
        status = epi__fail(EPI_EFORMAT, MODULE, "%s is empty, or no file", path);
    void *data = status ? MAP_FAILED : mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (!status && data == MAP_FAILED) status = epi__fail_errno(MODULE, errno, "mapping", path);
    if (!status) *file = (epi__mapped){data, (size_t)info.st_size};
    (void)close(fd);
    return status;
}

void epi__mapped_close(epi__mapped *file) {
    if (file->data) (void)munmap((void *)(uintptr_t)file->data, file->size);
    *file = (epi__mapped){NULL, 0};
}

/* ---- elements --------------------------------------------------------------------------------------------------- */

size_t epi__tensor_element_size(epi__tensor_type type) {
    static const uint8_t sizes[] = {4, 2, 2, 8, 4, 8};
    return sizes[type];
}

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The exponent is moved by a multiplication, which makes denormals right too. */
static float from_f16(uint16_t half) {
    uint32_t bits = (uint32_t)(half & 0x7FFFu) << 13, sign = (uint32_t)(half & 0x8000u) << 16;
    if ((half & 0x7C00u) == 0x7C00u) return NAN; /* infinities too: neither is a number */
    float value = float_of_bits(bits) * float_of_bits((254u - 15u) << 23);
    uint32_t made;
    memcpy(&made, &value, sizeof made);
    return float_of_bits(made | sign);
}

double epi__tensor_at(const epi__tensor *tensor, uint64_t at) {
    const uint8_t *p = tensor->data + at * epi__tensor_element_size(tensor->type);
    float narrow;
    double wide;
    int32_t small;
    int64_t large;
    uint16_t half;
    switch (tensor->type) {
    case EPI__F32: return memcpy(&narrow, p, sizeof narrow), (double)narrow;
    case EPI__F64: return memcpy(&wide, p, sizeof wide), wide;
    case EPI__I32: return memcpy(&small, p, sizeof small), (double)small;
    case EPI__I64: return memcpy(&large, p, sizeof large), (double)large;
    case EPI__F16: return memcpy(&half, p, sizeof half), (double)from_f16(half);
    case EPI__BF16: return memcpy(&half, p, sizeof half), (double)float_of_bits((uint32_t)half << 16);
    }
    return NAN;
}

bool epi__tensor_row(float *out, const epi__tensor *tensor, uint64_t row) {
    bool finite = true;
    uint64_t first = row * tensor->columns;
    if (tensor->type == EPI__F32)
        memcpy(out, tensor->data + first * sizeof *out, tensor->columns * sizeof *out);
    else
        for (uint64_t i = 0; i < tensor->columns; i++) out[i] = (float)epi__tensor_at(tensor, first + i);
    for (uint64_t i = 0; i < tensor->columns; i++) finite = finite && isfinite(out[i]);
    return finite;
}

/* Whether rows and columns are possible, and the data are as long as they say. */
static epi_status check_shape(epi__tensor *tensor, const char *name, uint64_t size) {
    if (tensor->rows == 0 || tensor->columns == 0 || tensor->rows > ROWS_MAX || tensor->columns > COLUMNS_MAX)
        return epi__fail(EPI_EFORMAT, MODULE, "tensor \"%s\" has shape %llu x %llu", name,
                         (unsigned long long)tensor->rows, (unsigned long long)tensor->columns);
    uint64_t expected = tensor->rows * tensor->columns * epi__tensor_element_size(tensor->type);
    if (expected == size) return EPI_OK;
    return epi__fail(EPI_EFORMAT, MODULE, "tensor \"%s\" has %llu bytes, its shape %llu", name,
                     (unsigned long long)size, (unsigned long long)expected);
}

/* ---- safetensors ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *safetensors;
    const char *npy;
    epi__tensor_type type;
} TYPES[] = {
    {"F32", "<f4", EPI__F32}, {"F16", "<f2", EPI__F16}, {"BF16", "", EPI__BF16},
    {"F64", "<f8", EPI__F64}, {"I32", "<i4", EPI__I32}, {"I64", "<i8", EPI__I64},
};

static epi_status read_shape(epi__tensor *tensor, const epi_json *shape, const char *name) {
    uint64_t axes[2] = {1, 1};
    unsigned rank = 0;
    bool ok = epi_json_type_of(shape) == EPI_JSON_ARRAY;
    for (const epi_json *at = epi_json_first(shape); ok && at; at = epi_json_next(at), rank++) {
        int64_t axis = 0;
        ok = rank < 2 && epi_json_integer(&axis, at) && axis > 0;
        if (ok) axes[rank] = (uint64_t)axis;
    }
    if (!ok || rank == 0)
        return epi__fail(EPI_EFORMAT, MODULE, "the shape of tensor \"%s\" is not that of a table or a list", name);
    tensor->rows = axes[0];
    tensor->columns = axes[1];
    tensor->rank = rank;
    return EPI_OK;
}

static epi_status read_entry(epi__tensor *tensor, const epi_json *entry, const char *name, const uint8_t *data,
                             uint64_t size) {
    const char *type = epi_json_string(epi_json_member(entry, "dtype"), NULL);
    const epi_json *offsets = epi_json_member(entry, "data_offsets");
    int64_t from = -1, to = -1;
    size_t at = 0;
    while (type && at < EPI__COUNT(TYPES) && strcmp(type, TYPES[at].safetensors) != 0) at++;
    if (!type || at == EPI__COUNT(TYPES))
        return epi__fail(EPI_EFORMAT, MODULE, "tensor \"%s\" has dtype \"%.16s\", which is not read", name,
                         type ? type : "");
    tensor->type = TYPES[at].type;
    EPI__TRY(read_shape(tensor, epi_json_member(entry, "shape"), name));
    if (epi_json_count(offsets) != 2 || !epi_json_integer(&from, epi_json_first(offsets)) ||
        !epi_json_integer(&to, epi_json_next(epi_json_first(offsets))) || from < 0 || to < from || (uint64_t)to > size)
        return epi__fail(EPI_EFORMAT, MODULE, "tensor \"%s\" lies at %lld to %lld of %llu bytes", name, (long long)from,
                         (long long)to, (unsigned long long)size);
    tensor->data = data + from;
    return check_shape(tensor, name, (uint64_t)(to - from));
}

static epi_status find_entry(epi__tensor *tensor, const epi_json *root, const char *name, const uint8_t *data,
                             uint64_t size) {
    const epi_json *found = NULL;
    if (epi_json_type_of(root) != EPI_JSON_OBJECT)
        return epi__fail(EPI_EFORMAT, MODULE, "the safetensors header is no JSON object");
    for (const epi_json *at = epi_json_first(root); at; at = epi_json_next(at)) {
        if (strcmp(epi_json_name(at), name) != 0) continue;
        if (found) return epi__fail(EPI_EFORMAT, MODULE, "tensor \"%s\" stands twice in the header", name);
        found = at;
    }
    return found ? read_entry(tensor, found, name, data, size) : EPI_ENOTFOUND;
}

epi_status epi__safetensors_find(epi__tensor *tensor, const epi__mapped *file, const char *name) {
    epi_json *root = NULL;
    epi__reader reader = epi__reader_of(file->data, file->size);
    uint64_t header = epi__read_u64(&reader);
    if (reader.failed || header < 2 || header > HEADER_SIZE_MAX || header > file->size - 8)
        return epi__fail(EPI_EFORMAT, MODULE, "the safetensors file has %zu bytes, and says its header has %llu",
                         file->size, (unsigned long long)header);
    EPI__TRY(epi_json_parse(&root, (const char *)file->data + 8, (size_t)header));
    epi_status status = find_entry(tensor, root, name, file->data + 8 + header, file->size - 8 - header);
    epi_json_free(root);
    return status;
}

/* ---- .npy ------------------------------------------------------------------------------------------------------- */

/* The value behind 'key': in a header that is a Python dictionary; NULL: none. The header ends with a NUL here. */
static const char *value_of(const char *header, const char *key) {
    const char *at = strstr(header, key);
    if (!at) return NULL;
    at += strlen(key);
    while (*at == ' ' || *at == ':') at++;
    return at;
}

static bool read_npy_shape(epi__tensor *tensor, const char *at) {
    uint64_t axes[2] = {1, 1};
    unsigned rank = 0;
    if (*at++ != '(') return false;
    while (*at != ')') {
        char *end = NULL;
        if (*at < '0' || *at > '9' || rank == 2) return false;
        errno = 0;
        axes[rank++] = strtoull(at, &end, 10);
        if (errno) return false;
        for (at = end; *at == ' ' || *at == ',' || *at == 'L';) at++;
    }
    tensor->rows = axes[0];
    tensor->columns = axes[1];
    tensor->rank = rank;
    return rank > 0;
}

static epi_status read_npy_header(epi__tensor *tensor, const char *header, uint64_t size) {
    const char *type = value_of(header, "'descr'"), *order = value_of(header, "'fortran_order'");
    const char *shape = value_of(header, "'shape'");
    size_t at = 0;
    while (type && at < EPI__COUNT(TYPES) &&
           (TYPES[at].npy[0] == 0 || type[0] != '\'' || strncmp(type + 1, TYPES[at].npy, 3) != 0))
        at++;
    if (!type || at == EPI__COUNT(TYPES))
        return epi__fail(EPI_EFORMAT, MODULE, "the .npy file holds elements of a type that is not read");
    if (!order || strncmp(order, "False", 5) != 0)
        return epi__fail(EPI_EFORMAT, MODULE, "the .npy file is not in row-major order");
    tensor->type = TYPES[at].type;
    if (!shape || !read_npy_shape(tensor, shape))
        return epi__fail(EPI_EFORMAT, MODULE, "the shape of the .npy file is not that of a table or a list");
    return check_shape(tensor, ".npy", size);
}

epi_status epi__npy_open(epi__tensor *tensor, const epi__mapped *file) {
    static const uint8_t magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    epi__reader reader = epi__reader_of(file->data, file->size);
    epi__view begin = epi__read_view(&reader, sizeof magic);
    uint8_t major = epi__read_u8(&reader);
    (void)epi__read_u8(&reader);
    uint32_t size = major == 1 ? epi__read_u16(&reader) : epi__read_u32(&reader);
    if (reader.failed || memcmp(begin.data, magic, sizeof magic) != 0 || major < 1 || major > 3)
        return epi__fail(EPI_EFORMAT, MODULE, "the file is no .npy file");
    epi__view header = epi__read_view(&reader, size);
    if (reader.failed || size > 65536)
        return epi__fail(EPI_EFORMAT, MODULE, "the header of the .npy file says %u bytes", size);
    epi__buffer text = {0};
    epi__buffer_append(&text, header.data, header.size);
    epi_status status = text.failed
                            ? epi__fail_memory(MODULE, size)
                            : read_npy_header(tensor, epi__buffer_text(&text), (uint64_t)(reader.end - reader.next));
    epi__buffer_dispose(&text);
    tensor->data = reader.next;
    return status;
}
