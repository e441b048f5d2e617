/* http_replay.c - replay in blocks of columns: batches out, priorities and rows in.
 *
 * A batch is gathered straight into the block that is sent, so a row is copied once between the memory map and the
 * socket; what comes in is appended from where it was received.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns_form.h"
#include "http.h"
#include "sampler_shelf.h"

/* A number of the query. False after answering. */
static bool read_number(uint64_t *number, http_request *request, const char *name, uint64_t left_out, uint64_t max) {
    const char *text = http_query(request, name);
    char *end = NULL;
    *number = left_out;
    if (text == NULL) return true;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *number <= max) return true;
    http_problem(request, 400, "the parameter %s is not a number from 0 to %llu", name, (unsigned long long)max);
    return false;
}

static bool read_fraction(double *number, http_request *request, const char *name, double left_out) {
    const char *text = http_query(request, name);
    char *end = NULL;
    *number = left_out;
    if (text == NULL) return true;
    *number = strtod(text, &end);
    if (end != text && *end == '\0' && *number >= 0.0 && *number <= 1.0) return true;
    http_problem(request, 400, "the parameter %s is not a number from 0 to 1", name);
    return false;
}

static epi_space *find_space(http_request *request) {
    const char *name = http_query(request, "space");
    epi_space *space = NULL;
    if (name == NULL) name = service_default_space(http_service(request), FOR_TALK);
    if (name == NULL) {
        http_problem(request, 400, "the parameter space is missing");
        return NULL;
    }
    epi_status status = service_space(&space, http_service(request), FOR_TALK, name, NULL);
    if (status != EPI_OK) http_problem_status(request, status);
    return space;
}

static shelved_sampler *find_sampler(http_request *request) {
    uint64_t number = 0;
    if (!read_number(&number, request, "replay", 0, UINT64_MAX)) return NULL;
    shelved_sampler *sampler = sampler_take(number);
    if (sampler == NULL)
        http_problem(request, 404, "no sampler %llu is open; see replay_open", (unsigned long long)number);
    return sampler;
}

/* ---- batches ----------------------------------------------------------------------------------------------------- */

static const epi_role *find_role(const epi_space *space, const char *name) {
    const epi_schema *schema = epi_space_schema(space);
    if (strcmp(name, EPI_NEXT_OBSERVATION) == 0) name = EPI_OBSERVATION;
    for (size_t i = 0; i < schema->role_count; i++) {
        if (strcmp(schema->roles[i].name, name) == 0) return &schema->roles[i];
    }
    return NULL;
}

static bool is_framed(const char *name) {
    return strcmp(name, EPI_OBSERVATION) == 0 || strcmp(name, EPI_NEXT_OBSERVATION) == 0;
}

static void add_axis(column_entry *entry, uint32_t length) {
    if (entry->rank < EPI_RANK_MAX) entry->shape[entry->rank] = length;
    entry->rank++;
}

static bool is_state(const shelved_sampler *sampler, const epi_role *role) {
    return role != NULL && (sampler->states >> (role - epi_space_schema(sampler->space)->roles) & 1) != 0;
}

/* The form that a column has under the sampler's views: steps of a sequence, frames of a stack, the role's own axes. */
static bool form_of(column_entry *entry, const shelved_sampler *sampler, const char *name) {
    const epi_replay_options *options = &sampler->options;
    uint32_t steps = options->sequence_length > 0 ? options->sequence_length + options->burn_in : 0;
    const epi_role *role = find_role(sampler->space, name);
    bool mask = strcmp(name, EPI_MASK) == 0 || strcmp(name, EPI_TRAINED) == 0;
    bool told = strcmp(name, EPI_RELABELLED) == 0; /* of the row, whatever its steps */
    *entry = (column_entry){.name = name};
    if (role == NULL && !mask && !told && strcmp(name, EPI_DISCOUNT) != 0) return false;
    entry->dtype = role != NULL ? role->dtype : mask || told ? EPI_BOOL : EPI_F32;
    if (steps > 0 && !told && !is_state(sampler, role)) add_axis(entry, steps);
    if (mask && steps == 0) add_axis(entry, options->n_step);
    if (is_framed(name) && options->frame_stack > 1) add_axis(entry, options->frame_stack);
    for (uint32_t axis = 0; role != NULL && axis < role->rank; axis++) add_axis(entry, role->shape[axis]);
    return entry->rank <= EPI_RANK_MAX;
}

static bool add_column(columns *all, const shelved_sampler *sampler, const char *name) {
    return all->count < COLUMNS_MAX - 3 && columns_find(all, name) == NULL &&
           form_of(&all->entries[all->count], sampler, name) && ++all->count > 0;
}

/* The columns that the query names; where it names none all of the schema, the next observation, the discount, and with
 * goals which rows got another one. */
static bool choose_columns(columns *all, http_request *request, const shelved_sampler *sampler) {
    const epi_schema *schema = epi_space_schema(sampler->space);
    for (size_t i = 0; i < request->query_count; i++) {
        if (strcmp(request->query[i].name, "columns") != 0) continue;
        if (add_column(all, sampler, request->query[i].value)) continue;
        http_problem(request, 422, "there is no column %.80s to sample, or it comes twice", request->query[i].value);
        return false;
    }
    if (all->count > 0) return true;
    bool added = true;
    for (size_t i = 0; added && i < schema->role_count; i++) added = add_column(all, sampler, schema->roles[i].name);
    added = added && add_column(all, sampler, EPI_NEXT_OBSERVATION) && add_column(all, sampler, EPI_DISCOUNT);
    if (sampler->options.her != EPI_HER_NONE) added = added && add_column(all, sampler, EPI_RELABELLED);
    if (!added) http_problem(request, 422, "the space has more columns than a block: name those you want");
    return added;
}

/* Draws into a block whose last three columns are ids, weights and probabilities. */
static epi_status draw(columns *all, void *block, shelved_sampler *sampler, double beta) {
    epi_column wanted[COLUMNS_MAX];
    epi_batch batch = epi_batch_default();
    batch.column_count = all->count - 3;
    for (size_t i = 0; i < batch.column_count; i++)
        wanted[i] = epi_column_of(all->entries[i].name, all->entries[i].dtype, all->entries[i].data, 0);
    batch.size = (size_t)all->rows;
    batch.columns = wanted;
    batch.ids = all->entries[all->count - 3].data;
    batch.weights = all->entries[all->count - 2].data;
    batch.probabilities = all->entries[all->count - 1].data;
    epi_status status = epi_replay_sample(sampler->replay, &batch, beta);
    if (status != EPI_OK) return status;
    if (batch.count < batch.size) columns_cut(block, all, batch.count);
    sampler_note_drawn(sampler, batch.ids, batch.count);
    return EPI_OK;
}

static void answer_batch(http_request *request, shelved_sampler *sampler) {
    columns all = {.count = 0};
    uint64_t rows = 0;
    double beta = 0.0;
    size_t size = 0;
    if (!read_number(&rows, request, "size", 256, EPI_BATCH_SIZE_MAX) || !read_fraction(&beta, request, "beta", 0.4))
        return;
    if (rows == 0) {
        http_problem(request, 400, "the parameter size is 0, at least 1");
        return;
    }
    if (!choose_columns(&all, request, sampler)) return;
    all.rows = rows;
    all.entries[all.count++] = (column_entry){.name = "id", .dtype = EPI_U64};
    all.entries[all.count++] = (column_entry){.name = "weight", .dtype = EPI_F64};
    all.entries[all.count++] = (column_entry){.name = "probability", .dtype = EPI_F64};
    void *block = columns_make(&size, &all);
    if (block == NULL) {
        http_problem(request, 422, "a batch of %llu such rows does not fit into a block", (unsigned long long)rows);
        return;
    }
    epi_status status = draw(&all, block, sampler, beta);
    if (status == EPI_OK) {
        http_answer_bytes(request, HTTP_COLUMNS, block, size);
    } else {
        free(block);
        http_problem_status(request, status);
    }
}

void http_replay_sample(http_request *request) {
    shelved_sampler *sampler = find_sampler(request);
    if (sampler == NULL) return;
    answer_batch(request, sampler);
    sampler_return(sampler);
}

/* ---- priorities -------------------------------------------------------------------------------------------------- */

static bool read_block(columns *all, http_request *request) {
    char line[256];
    if (columns_read(all, line, sizeof line, request->body, request->body_size)) return true;
    http_problem(request, 400, "%s", line);
    return false;
}

static void answer_count(http_request *request, const char *name, uint64_t count) {
    epi_json_writer *writer = NULL;
    epi_json_writer_new(&writer, false);
    epi_json_begin_object(writer, NULL);
    epi_json_put_unsigned(writer, name, count);
    epi_json_end(writer);
    http_answer_json(request, 200, writer);
}

static void update(http_request *request, shelved_sampler *sampler) {
    columns all;
    uint64_t stale = 0;
    if (!read_block(&all, request)) return;
    const column_entry *ids = columns_find(&all, "id");
    const column_entry *priorities = columns_find(&all, "priority");
    if (ids == NULL || ids->dtype != EPI_U64 || ids->rank > 0 || priorities == NULL || priorities->dtype != EPI_F64 ||
        priorities->rank > 0) {
        http_problem(request, 422, "priorities are the columns id (u64) and priority (f64), a number a row");
        return;
    }
    epi_status status = epi_replay_update(&stale, sampler->replay, ids->data, priorities->data, (size_t)all.rows);
    const char *flush = http_query(request, "flush");
    if (status == EPI_OK && flush != NULL && strcmp(flush, "true") == 0) status = epi_replay_flush(sampler->replay);
    if (status == EPI_OK)
        answer_count(request, "stale", stale);
    else
        http_problem_status(request, status);
}

void http_replay_update(http_request *request) {
    shelved_sampler *sampler = find_sampler(request);
    if (sampler == NULL) return;
    update(request, sampler);
    sampler_return(sampler);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static bool has_form(const column_entry *entry, const epi_space *space) {
    const epi_role *role = find_role(space, entry->name);
    if (role == NULL) return true; /* the library says what there is */
    if (entry->rank != role->rank) return false;
    for (uint32_t axis = 0; axis < role->rank; axis++) {
        if (entry->shape[axis] != role->shape[axis]) return false;
    }
    return true;
}

/* Splits the block into the rows' columns and their lanes; false after answering. */
static bool read_rows(epi_column *rows, size_t *count, const uint32_t **lanes, http_request *request,
                      const epi_space *space, const columns *all) {
    *count = 0;
    *lanes = NULL;
    for (size_t i = 0; i < all->count; i++) {
        const column_entry *entry = &all->entries[i];
        if (strcmp(entry->name, "lane") == 0 && find_role(space, "lane") == NULL) {
            if (entry->dtype == EPI_U32 && entry->rank == 0) *lanes = entry->data;
            if (*lanes != NULL) continue;
            http_problem(request, 422, "the column lane is u32, a number a row");
            return false;
        }
        if (!has_form(entry, space)) {
            http_problem(request, 422, "the column %.80s has another shape than the space's", entry->name);
            return false;
        }
        rows[(*count)++] = epi_column_of(entry->name, entry->dtype, entry->data, 0);
    }
    return true;
}

static void answer_ids(http_request *request, columns *ids, void *block, size_t size) {
    const char *wanted = http_query(request, "ids");
    if (wanted != NULL && strcmp(wanted, "true") == 0) {
        http_answer_bytes(request, HTTP_COLUMNS, block, size);
        return;
    }
    uint64_t count = ids->rows;
    free(block);
    answer_count(request, "appended", count);
}

static void append(http_request *request, epi_space *space, const columns *all) {
    epi_column rows[COLUMNS_MAX];
    size_t row_columns = 0, size = 0;
    const uint32_t *lanes = NULL;
    uint64_t lane_count = 1;
    const char *recorder = http_query(request, "recorder");
    columns ids = {.rows = all->rows, .count = 1, .entries = {{.name = "id", .dtype = EPI_U64}}};
    if (!read_number(&lane_count, request, "lanes", 1, EPI_LANE_COUNT_MAX)) return;
    if (!read_rows(rows, &row_columns, &lanes, request, space, all)) return;
    void *block = columns_make(&size, &ids);
    if (block == NULL) {
        http_problem(request, 500, "out of memory");
        return;
    }
    epi_status status = recorder_append(ids.entries[0].data, space, recorder != NULL ? recorder : "http",
                                        (uint32_t)lane_count, lanes, rows, row_columns, (size_t)all->rows);
    if (status == EPI_OK) {
        answer_ids(request, &ids, block, size);
    } else {
        free(block);
        http_problem_status(request, status);
    }
}

void http_replay_append(http_request *request) {
    columns all;
    epi_space *space = find_space(request);
    if (space == NULL || !read_block(&all, request)) return;
    if (service_options_of(http_service(request))->read_only) {
        http_problem(request, 403, "the server was started with --read-only");
        return;
    }
    append(request, space, &all);
}
