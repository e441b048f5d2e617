/* lmdb_file.c - is data.mdb safe to map? A file cut short would answer a read with SIGBUS instead of an error.
 *
 * Idea: read both meta pages with pread, take the newest, compare the pages that it claims with the size of the file.
 * A smaller file is not always a cut one: a transaction that puts a large value and removes it again claims pages that
 * it never writes. Such pages are all in the list of free pages, so that list is walked (only then) and the pages past
 * the end are counted: the file is whole if every missing page is a free one.
 *
 * LMDB only ever lengthens the file, and writes pages before the meta page that claims them; hence the order here: meta
 * first, size second. A writer may still be at work, so a bad verdict is only believed when it stays.
 *
 * Never open lock.mdb in this process by other means than LMDB's: closing it would drop LMDB's own locks.
 *
 * Source: the format of LMDB 0.9 (data version 1, 64 bit), native byte order, offsets within a page:
 *
 *   page      0 number u64 · 10 flags u16 · 12 end of the pointers u16 · 14 start of the nodes u16 (of an overflow
 *             run: 12 page count u32) · 16 pointers u16[] or the body
 *   meta      16 magic u32 · 20 version u32 · 32 map size u64 · 40 page size u32 · 80 root of the free list u64 ·
 *             136 last page u64 · 144 transaction u64
 *   node      0 data size u32 · 4 flags u16 · 6 key size u16 · 8 key, data   (branch: bytes 0-5 are the child's number)
 *   free list an ordinary tree; each value is u64[]: a count, then that many page numbers
 */
#include "lmdb_file.h"

#include "dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(size_t) == 8, "the offsets are those of 64-bit LMDB files");

#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define META_SIZE 152u
#define NO_PAGE UINT64_MAX

#define PAGE_SIZE_MIN 512u
#define PAGE_SIZE_MAX 32768u
#define PAGE_HEADER_SIZE 16u
#define PAGE_BRANCH 0x01u
#define PAGE_LEAF 0x02u
#define PAGE_OVERFLOW 0x04u
#define PAGE_META 0x08u

#define NODE_HEADER_SIZE 8u
#define NODE_BIG 0x01u /* the data is the number of an overflow page */

#define TREE_DEPTH_MAX 32u
#define ATTEMPTS 3
#define ATTEMPT_WAIT_NS 2000000

typedef struct meta {
    uint32_t page_size;
    uint64_t free_root;
    uint64_t last_page;
    uint64_t transaction;
} meta;

typedef struct data_file {
    int file;
    const char *directory;
    meta newest;
    uint64_t page_count; /* whole pages within the file */
    uint64_t free_past_end;
    uint64_t visited; /* pages of the free list's tree: a damaged one may run in circles */
} data_file;

static uint16_t load16(const uint8_t *p) {
    uint16_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static uint32_t load32(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

static uint64_t load64(const uint8_t *p) {
    uint64_t value;
    memcpy(&value, p, sizeof(value));
    return value;
}

/* Exactly `size` bytes, or false at the end of the file and on errors (errno 0 at the end). */
static bool read_at(const data_file *data, void *to, size_t size, uint64_t offset) {
    uint8_t *next = to;
    errno = 0;
    while (size > 0) {
        ssize_t got = pread(data->file, next, size, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        next += got, size -= (size_t)got, offset += (uint64_t)got;
    }
    return true;
}

static epi_status fail_read(const data_file *data, const char *missing) {
    if (errno != 0) return epi__fail_errno("store", errno, "reading data.mdb", data->directory);
    return epi__fail(EPI_EDAMAGED, "store", "data.mdb of %s was cut: it ends before %s", data->directory, missing);
}

static epi_status read_meta(meta *parsed, const data_file *data, unsigned which, uint64_t offset) {
    uint8_t bytes[META_SIZE];
    if (!read_at(data, bytes, sizeof(bytes), offset)) return fail_read(data, "its second meta page");
    if ((load16(bytes + 10) & PAGE_META) == 0 || load32(bytes + 16) != META_MAGIC)
        return epi__fail(EPI_EDAMAGED, "store",
                         "data.mdb of %s is no LMDB file: meta page %u has magic 0x%08x, not 0x%08x", data->directory,
                         which, load32(bytes + 16), META_MAGIC);
    if (load32(bytes + 20) != META_VERSION)
        return epi__fail(EPI_EVERSION, "store", "data.mdb of %s has LMDB format %u, this build reads %u",
                         data->directory, load32(bytes + 20), META_VERSION);
    *parsed = (meta){
        .page_size = load32(bytes + 40),
        .free_root = load64(bytes + 80),
        .last_page = load64(bytes + 136),
        .transaction = load64(bytes + 144),
    };
    uint32_t size = parsed->page_size;
    if (size < PAGE_SIZE_MIN || size > PAGE_SIZE_MAX || (size & (size - 1)) != 0)
        return epi__fail(EPI_EDAMAGED, "store", "data.mdb of %s claims pages of %u bytes, limits %u and %u",
                         data->directory, size, PAGE_SIZE_MIN, PAGE_SIZE_MAX);
    return EPI_OK;
}

static epi_status read_metas(data_file *data) {
    meta first, second;
    EPI__TRY(read_meta(&first, data, 0, 0));
    EPI__TRY(read_meta(&second, data, 1, first.page_size));
    if (first.page_size != second.page_size)
        return epi__fail(EPI_EDAMAGED, "store", "data.mdb of %s claims pages of %u and of %u bytes", data->directory,
                         first.page_size, second.page_size);
    data->newest = first.transaction < second.transaction ? second : first;
    return EPI_OK;
}

/* ---- the list of free pages ------------------------------------------------------------------------------------- */

static epi_status fail_tree(const data_file *data, uint64_t page) {
    return epi__fail(
        EPI_EDAMAGED, "store",
        "data.mdb of %s was cut: %llu pages of %u bytes are left of %llu, and page %llu of the free list is bad",
        data->directory, (unsigned long long)data->page_count, data->newest.page_size,
        (unsigned long long)data->newest.last_page + 1, (unsigned long long)page);
}

static void count_free(data_file *data, const uint8_t *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t page = load64(numbers + i * sizeof(page));
        if (page >= data->page_count && page <= data->newest.last_page) data->free_past_end++;
    }
}

/* One value of the free list that lies in pages of its own. */
static epi_status count_overflow(data_file *data, uint64_t page, uint32_t size) {
    uint8_t header[PAGE_HEADER_SIZE];
    uint64_t offset = page * data->newest.page_size;
    if (page >= data->page_count || !read_at(data, header, sizeof(header), offset)) return fail_tree(data, page);
    if ((load16(header + 10) & PAGE_OVERFLOW) == 0) return fail_tree(data, page);
    uint8_t *value = epi__alloc(size);
    if (value == NULL) return epi__fail_memory("store", size);
    bool whole = read_at(data, value, size, offset + PAGE_HEADER_SIZE);
    uint64_t count = whole ? load64(value) : 0;
    whole = whole && count < size / sizeof(count);
    if (whole) count_free(data, value + sizeof(count), count);
    epi__free(value);
    return whole ? EPI_OK : fail_tree(data, page);
}

static epi_status count_leaf_node(data_file *data, uint64_t page, const uint8_t *node, size_t room) {
    size_t start = NODE_HEADER_SIZE + load16(node + 6);
    uint32_t size = load32(node);
    if (start + sizeof(uint64_t) > room || size < sizeof(uint64_t)) return fail_tree(data, page);
    uint64_t first = load64(node + start);
    if (load16(node + 4) & NODE_BIG) return count_overflow(data, first, size);
    if (size > room - start || first >= size / sizeof(first)) return fail_tree(data, page);
    count_free(data, node + start + sizeof(first), first);
    return EPI_OK;
}

static epi_status count_tree(data_file *data, uint64_t page, unsigned depth);

static epi_status count_nodes(data_file *data, uint64_t page, const uint8_t *bytes, unsigned depth) {
    size_t page_size = data->newest.page_size;
    size_t end = load16(bytes + 12);
    if (end < PAGE_HEADER_SIZE || end > page_size) return fail_tree(data, page);
    for (size_t at = PAGE_HEADER_SIZE; at + 2 <= end; at += 2) {
        size_t start = load16(bytes + at);
        if (start < end || start + NODE_HEADER_SIZE > page_size) return fail_tree(data, page);
        const uint8_t *node = bytes + start;
        if (load16(bytes + 10) & PAGE_LEAF)
            EPI__TRY(count_leaf_node(data, page, node, page_size - start));
        else
            EPI__TRY(count_tree(data, load32(node) | (uint64_t)load16(node + 4) << 32, depth + 1));
    }
    return EPI_OK;
}

static epi_status count_tree(data_file *data, uint64_t page, unsigned depth) {
    size_t page_size = data->newest.page_size;
    if (page >= data->page_count || depth > TREE_DEPTH_MAX || ++data->visited > data->page_count)
        return fail_tree(data, page);
    uint8_t *bytes = epi__alloc(page_size);
    if (bytes == NULL) return epi__fail_memory("store", page_size);
    epi_status status;
    if (!read_at(data, bytes, page_size, page * page_size) || (load16(bytes + 10) & (PAGE_BRANCH | PAGE_LEAF)) == 0)
        status = fail_tree(data, page);
    else
        status = count_nodes(data, page, bytes, depth);
    epi__free(bytes);
    return status;
}

/* Every page past the end of the file must be a free one. */
static epi_status check_missing_pages(data_file *data) {
    uint64_t missing = data->newest.last_page - data->page_count + 1;
    data->free_past_end = data->visited = 0;
    if (data->newest.free_root != NO_PAGE) EPI__TRY(count_tree(data, data->newest.free_root, 0));
    if (data->free_past_end == missing) return EPI_OK;
    return epi__fail(
        EPI_EDAMAGED, "store",
        "data.mdb of %s was cut: %llu pages of %u bytes are left of %llu, and %llu of those missing were in use",
        data->directory, (unsigned long long)data->page_count, data->newest.page_size,
        (unsigned long long)data->newest.last_page + 1,
        (unsigned long long)(missing - EPI__MIN(data->free_past_end, missing)));
}

/* ---- the file --------------------------------------------------------------------------------------------------- */

static epi_status check_pages(data_file *data) {
    EPI__TRY(read_metas(data));
    struct stat info;
    if (fstat(data->file, &info) != 0) return epi__fail_errno("store", errno, "looking at data.mdb", data->directory);
    data->page_count = (uint64_t)info.st_size / data->newest.page_size;
    return data->newest.last_page < data->page_count ? EPI_OK : check_missing_pages(data);
}

/* A verdict of damage may be the sight of another process's write in progress; it is asked for again. */
static epi_status check_repeatedly(data_file *data) {
    epi_status status = check_pages(data);
    for (int attempt = 1; status == EPI_EDAMAGED && attempt < ATTEMPTS; attempt++) {
        nanosleep(&(struct timespec){.tv_nsec = ATTEMPT_WAIT_NS}, NULL);
        status = check_pages(data);
    }
    return status;
}

epi_status epi__lmdb_file_check(epi__lmdb_file_state *state, const char *directory) {
    *state = EPI__LMDB_FILE_ABSENT;
    uint64_t size = 0;
    epi_status status = epi__dir_file_size(&size, directory, "lock.mdb");
    if (status != EPI_OK && status != EPI_ENOTFOUND) return status;
    data_file data = {.directory = directory};
    status = epi__dir_file_open(&data.file, directory, "data.mdb");
    if (status != EPI_OK) return status == EPI_ENOTFOUND ? EPI_OK : status;
    struct stat info;
    if (fstat(data.file, &info) != 0) {
        status = epi__fail_errno("store", errno, "looking at data.mdb", directory);
    } else if (info.st_size == 0) {
        *state = EPI__LMDB_FILE_EMPTY;
    } else {
        status = check_repeatedly(&data);
        if (status == EPI_OK) *state = EPI__LMDB_FILE_WHOLE;
    }
    close(data.file);
    return status;
}
