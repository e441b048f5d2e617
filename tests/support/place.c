/* place.c - see place.h. */
#include "place.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void place_expect(epi_status expected, epi_status got, const char *call, const char *file, int line) {
    if (got == expected) return;
    print_error("%s:%d: %s\n  gave %s (%s), expected %s\n", file, line, call, epi_status_name(got),
                got == EPI_OK ? "" : epi_error_last()->message, epi_status_name(expected));
    _fail(file, line);
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

void place_make(place *p) {
    const char *base = getenv("TMPDIR");
    memset(p, 0, sizeof *p);
    (void)snprintf(p->base, sizeof p->base, "%.40s/episodic-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(p->base)) abort();
    (void)snprintf(p->path, sizeof p->path, "%s/memory", p->base);
    p->options = epi_memory_options_default();
    p->options.map_size = 1ull << 30; /* small enough for sanitizers and valgrind */
}

void place_open(place *p) {
    EXPECT(EPI_OK, epi_memory_open(&p->memory, p->path, &p->options));
    EXPECT(EPI_OK, epi_space_open(&p->space, p->memory, "main", epi_schema_conversation()));
}

void place_close(place *p) {
    epi_space_close(p->space);
    epi_status status = epi_memory_close(p->memory);
    p->space = NULL;
    p->memory = NULL;
    EXPECT(EPI_OK, status);
}

void place_reopen(place *p) {
    place_close(p);
    place_open(p);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)kind, (void)where;
    return remove(path);
}

void place_remove(place *p) {
    (void)nftw(p->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void place_copy(place *copy, const place *model) {
    char command[256];
    place_make(copy);
    (void)snprintf(command, sizeof command, "cp -r '%s' '%s'", model->path, copy->path);
    assert_int_equal(system(command), 0);
}

int place_setup(void **state) {
    place *p = malloc(sizeof *p);
    if (!p) return -1;
    place_make(p);
    place_open(p);
    *state = p;
    return 0;
}

int place_teardown(void **state) {
    place *p = *state;
    epi_space_close(p->space);
    (void)epi_memory_close(p->memory);
    place_remove(p);
    free(p);
    return 0;
}

/* ---- saying and finding ------------------------------------------------------------------------------------------ */

void place_vector_schema(epi_schema *schema, epi_role roles[EPI_TRANSITION_ROLE_COUNT], uint32_t dimension) {
    EXPECT(EPI_OK, epi_schema_transitions(schema, roles, dimension, EPI_I64, 0));
    roles[0].flags |= EPI_ROLE_VECTOR;
    schema->preset = "custom";
    schema->encoder = EPI_ENCODER_GIVEN;
    schema->metric = EPI_L2;
}

epi_space *place_transitions(place *p, const char *name, uint32_t observation_size, epi_dtype action_dtype,
                             uint32_t action_size) {
    epi_schema schema;
    epi_role roles[EPI_TRANSITION_ROLE_COUNT];
    epi_space *space = NULL;
    EXPECT(EPI_OK, epi_schema_transitions(&schema, roles, observation_size, action_dtype, action_size));
    EXPECT(EPI_OK, epi_space_open(&space, p->memory, name, &schema));
    return space;
}

epi_recorder *place_recorder(epi_space *space, uint32_t lanes) {
    epi_recorder *recorder = NULL;
    EXPECT(EPI_OK, epi_recorder_open(&recorder, space, "actor", lanes));
    return recorder;
}

epi_episode *place_episode(epi_space *space) {
    epi_episode *episode = NULL;
    EXPECT(EPI_OK, epi_episode_begin(&episode, space, NULL));
    return episode;
}

epi_step place_step(epi_part parts[2], const char *text) {
    epi_step step = epi_step_default();
    parts[0] = epi_part_text("speaker", "Ann");
    parts[1] = epi_part_text("text", text);
    step.parts = parts;
    step.part_count = 2;
    return step;
}

uint64_t place_say_as(epi_episode *episode, const char *text, const char *external_id) {
    epi_part parts[2];
    epi_step step = place_step(parts, text);
    uint64_t id = 0;
    step.external_id = external_id;
    EXPECT(EPI_OK, epi_episode_append(&id, episode, &step));
    assert_int_not_equal(id, 0);
    return id;
}

uint64_t place_say(epi_episode *episode, const char *text) {
    return place_say_as(episode, text, NULL);
}

size_t place_recall(epi_space *space, const char *text, uint64_t *first) {
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_recall_text(&found, space, text, NULL));
    size_t count = epi_recollection_hit_count(found);
    if (first) *first = count ? epi_recollection_hit(found, 0)->step : 0;
    epi_recollection_free(found);
    return count;
}

bool place_finds(epi_space *space, const char *word, uint64_t step) {
    epi_recollection *found = NULL;
    bool there = false;
    EXPECT(EPI_OK, epi_recall_text(&found, space, word, NULL));
    for (size_t i = 0; i < epi_recollection_hit_count(found); i++)
        there = there || epi_recollection_hit(found, i)->step == step;
    epi_recollection_free(found);
    return there;
}

void place_assert_text(epi_space *space, uint64_t step, const char *text) {
    epi_recollection *found = NULL;
    EXPECT(EPI_OK, epi_step_read(&found, space, step));
    const epi_scene *scene = epi_recollection_scene(found, 0);
    const epi_recalled_part *part = epi_scene_part(scene, epi_scene_step(scene, 0), "text");
    assert_non_null(part);
    assert_int_equal(part->size, strlen(text));
    assert_memory_equal(part->data, text, part->size);
    epi_recollection_free(found);
}

epi_space_stats place_stats(epi_space *space) {
    epi_space_stats stats;
    EXPECT(EPI_OK, epi_space_stats_read(&stats, space));
    return stats;
}

/* ---- soundness --------------------------------------------------------------------------------------------------- */

static bool print_violation(void *context, const epi_violation *violation) {
    (void)context;
    print_error("violation in \"%s\": %s %s: %s\n", violation->space, violation->table, violation->key,
                violation->reason);
    return true;
}

void place_check(epi_memory *memory) {
    epi_check_report report = {0};
    EXPECT(EPI_OK, epi_memory_check(&report, memory, print_violation, NULL));
    assert_int_equal(report.violations, 0);
}

static struct {
    const void *bytes;
    size_t size;
    bool found;
} sought;

static int seek_in_file(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)where;
    int file = kind == FTW_F && info->st_size > 0 ? open(path, O_RDONLY) : -1;
    if (file < 0) return 0;
    void *map = mmap(NULL, (size_t)info->st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (map == MAP_FAILED) return 0;
    if (memmem(map, (size_t)info->st_size, sought.bytes, sought.size)) sought.found = true;
    munmap(map, (size_t)info->st_size);
    return 0;
}

bool place_holds(const char *directory, const void *bytes, size_t size) {
    sought.bytes = bytes;
    sought.size = size;
    sought.found = false;
    assert_int_equal(nftw(directory, seek_in_file, 16, FTW_PHYS), 0);
    return sought.found;
}

uint64_t place_seconds(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}
