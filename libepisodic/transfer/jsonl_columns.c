/* jsonl_columns.c - the lines of a JSONL file that only spaces of columns have: recorders, and their steps. */
#include "../column/column.h"
#include "jsonl.h"

epi_status epi__jsonl_recorder(epi__jsonl *r) {
    uint64_t number, lanes;
    const char *name = epi__json_text_of(r->root, "name");
    if (!r->sink->rows) return epi__jsonl_fail(r, "the space keeps no columns, so it has no recorder");
    EPI__TRY(epi__jsonl_number(&number, r, "id", true));
    EPI__TRY(epi__jsonl_number(&lanes, r, "lanes", true));
    if (!name || strlen(name) > EPI_NAME_SIZE_MAX) return epi__jsonl_fail(r, "the recorder's name is missing or long");
    if (lanes > EPI_LANE_COUNT_MAX) return epi__jsonl_fail(r, "the recorder has too many lanes");
    if (number != epi__rows_recorders(r->sink->rows) + 1)
        return epi__jsonl_fail(r, "the recorder's id is not the next one");
    return epi__rows_recorder(r->sink->rows, r->line.number, name, (uint32_t)lanes);
}

/* A value of so many bytes as the role's tensors have. */
static epi_status read_value(epi__view *value, epi__jsonl *r, const epi_json *json, const epi_role *role) {
    uint64_t size = epi__schema_tensor_size(role);
    EPI__TRY(epi__jsonl_base64(&value->data, &value->size, r, json, epi_json_name(json)));
    if (value->size == size) return EPI_OK;
    return epi__sink_fail(r->sink, r->line.number, "\"%.60s\" has %zu bytes, expected %llu", epi_json_name(json),
                          value->size, (unsigned long long)size);
}

static int role_of(const epi_schema *schema, const char *name) {
    for (size_t i = 0; i < schema->role_count; i++)
        if (strcmp(schema->roles[i].name, name) == 0) return (int)i;
    return -1;
}

static epi_status read_parts(epi__row_in *row, epi__jsonl *r) {
    const epi_json *object = epi_json_member(r->root, "parts");
    if (epi_json_type_of(object) != EPI_JSON_OBJECT) return epi__jsonl_fail(r, "the step has no parts");
    for (const epi_json *at = epi_json_first(object); at; at = epi_json_next(at)) {
        const char *name = epi_json_name(at);
        int role = role_of(r->schema, name);
        if (role < 0 || strcmp(name, EPI_TERMINATED) == 0 || strcmp(name, EPI_TRUNCATED) == 0)
            return epi__sink_fail(r->sink, r->line.number, "the schema has no column \"%.60s\"", name);
        EPI__TRY(read_value(&row->values[role], r, at, &r->schema->roles[role]));
        row->given |= UINT64_C(1) << role;
    }
    return EPI_OK;
}

static epi_status read_ends(epi__row_in *row, const epi__jsonl *r) {
    EPI__TRY(epi__jsonl_flags(&row->flags, r));
    if (row->flags & ~(uint32_t)(EPI_STEP_TERMINATED | EPI_STEP_TRUNCATED))
        return epi__jsonl_fail(r, "a step of columns is terminated or truncated, nothing else");
    return EPI_OK;
}

static epi_status read_row(epi__row_in *row, epi__jsonl *r) {
    uint64_t recorder;
    int64_t lane = -1;
    const epi_json *next = epi_json_member(r->root, EPI_NEXT_OBSERVATION);
    EPI__TRY(epi__jsonl_number(&row->episode, r, "episode", true));
    EPI__TRY(epi__jsonl_number(&recorder, r, "recorder", true));
    if (!epi_json_integer(&lane, epi_json_member(r->root, "lane")) || lane < 0 || lane >= EPI_LANE_COUNT_MAX)
        return epi__jsonl_fail(r, "\"lane\" is not a number from 0 on");
    row->recorder = (size_t)recorder;
    row->lane = (uint32_t)lane;
    EPI__TRY(read_parts(row, r));
    EPI__TRY(read_ends(row, r));
    if (!next) return EPI_OK;
    return read_value(&row->next, r, next, &r->schema->roles[role_of(r->schema, EPI_OBSERVATION)]);
}

epi_status epi__jsonl_row(epi__jsonl *r) {
    epi__row_in row = {.place = r->line.number};
    EPI__TRY(read_row(&row, r));
    EPI__TRY(epi__rows_step(r->sink->rows, &row));
    r->step_count++;
    if (epi__map_get(&r->episodes, row.episode, NULL)) return EPI_OK;
    r->episode_count++;
    return epi__map_put(&r->episodes, row.episode, 1) ? EPI_OK : epi__fail_memory("transfer", r->line.size);
}
