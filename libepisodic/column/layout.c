/* layout.c - which columns a schema makes, and where they lie in a chunk.
 *
 * Idea: a chunk is so many slots that its columns take at most 256 KiB, a power of two, so that an id is split by a
 * shift; fewer than 8 never. Each column begins on a multiple of 64 bytes. terminated and truncated are bits of the
 * flags, which every space has, with the ingest time and the place in the episode.
 */
#include "parts.h"

#define MODULE "column"
#define DATA_SIZE_MAX (256u * 1024u)
#define SHIFT_MIN 3u
#define SHIFT_MAX 14u
_Static_assert(EPI__SLOTS_MAX == 1u << SHIFT_MAX, "slots of the largest chunk");
#define ALIGNMENT 64u

static size_t aligned(size_t size) {
    return (size + ALIGNMENT - 1u) & ~(size_t)(ALIGNMENT - 1u);
}

/* Places the columns for a capacity; returns the size of all. */
static size_t place(epi__layout *layout, uint32_t shift) {
    size_t at = 0;
    layout->shift = shift;
    layout->capacity = 1u << shift;
    for (uint32_t i = 0; i < layout->column_count; i++) {
        size_t rows = layout->capacity + ((int)i == layout->observation ? 1u : 0u);
        layout->columns[i].offset = at;
        at = aligned(at + rows * layout->columns[i].width);
    }
    layout->data_size = at;
    return at;
}

static int add(epi__layout *layout, size_t width) {
    layout->columns[layout->column_count].width = width;
    layout->row_size += width;
    return (int)layout->column_count++;
}

static bool is_scalar(const epi_role *role) {
    return role->rank == 0;
}

static epi_status check_known(const epi_role *role) {
    bool flag = strcmp(role->name, EPI_TERMINATED) == 0 || strcmp(role->name, EPI_TRUNCATED) == 0;
    bool number = strcmp(role->name, EPI_REWARD) == 0 || strcmp(role->name, EPI_PRIORITY) == 0;
    if (role->type != EPI_TENSOR)
        return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" is no tensor, so it cannot be a column", role->name);
    if (flag && (role->dtype != EPI_BOOL || !is_scalar(role)))
        return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" must be a scalar of EPI_BOOL", role->name);
    if (number && ((role->dtype != EPI_F32 && role->dtype != EPI_F64) || !is_scalar(role)))
        return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" must be a scalar of EPI_F32 or EPI_F64", role->name);
    if (strcmp(role->name, EPI_NEXT_OBSERVATION) == 0)
        return epi__fail(EPI_EINVAL, MODULE, "role \"%s\" is known by itself and is no column", role->name);
    return EPI_OK;
}

static void add_role(epi__layout *layout, const epi_role *role, int at) {
    layout->role_column[at] = -1;
    if (strcmp(role->name, EPI_TERMINATED) == 0)
        layout->terminated_role = at;
    else if (strcmp(role->name, EPI_TRUNCATED) == 0)
        layout->truncated_role = at;
    else
        layout->role_column[at] = add(layout, (size_t)epi__schema_tensor_size(role));
    if (strcmp(role->name, EPI_OBSERVATION) == 0) layout->observation = layout->role_column[at];
    if (strcmp(role->name, EPI_ACTION) == 0) layout->action = layout->role_column[at];
    if (strcmp(role->name, EPI_REWARD) == 0) layout->reward = layout->role_column[at];
    if (strcmp(role->name, EPI_PRIORITY) == 0) layout->priority = layout->role_column[at];
}

epi_status epi__layout_init(epi__layout *layout, const epi_schema *schema) {
    *layout = (epi__layout){
        .observation = -1, .action = -1, .reward = -1, .priority = -1, .terminated_role = -1, .truncated_role = -1};
    if (schema->encoder != EPI_ENCODER_NONE)
        return epi__fail(EPI_EINVAL, MODULE,
                         "a schema of the preset \"" EPI__PRESET_COLUMNS "\" has encoder %d; its "
                         "spaces have no vectors",
                         (int)schema->encoder);
    for (size_t i = 0; i < schema->role_count; i++) {
        EPI__TRY(check_known(&schema->roles[i]));
        add_role(layout, &schema->roles[i], (int)i);
    }
    if (layout->observation < 0)
        return epi__fail(EPI_EINVAL, MODULE, "a schema of the preset \"" EPI__PRESET_COLUMNS "\" has no role \"%s\"",
                         EPI_OBSERVATION);
    layout->flags = add(layout, sizeof(uint8_t));
    layout->at = add(layout, sizeof(int64_t));
    layout->index = add(layout, sizeof(uint32_t));
    uint32_t shift = SHIFT_MIN;
    while (shift < SHIFT_MAX && place(layout, shift + 1u) <= DATA_SIZE_MAX) shift++;
    (void)place(layout, shift);
    return EPI_OK;
}
