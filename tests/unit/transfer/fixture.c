/* fixture.c - see fixture.h. */
#include "fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info, (void)type, (void)at;
    return remove(path);
}

void fixture_open(fixture *f) {
    *f = (fixture){"", NULL, {0}};
    snprintf(f->path, sizeof f->path, "%s/episodic-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(f->path));
    epi_memory_options options = epi_memory_options_default();
    options.map_size = 64u << 20;
    if (epi_memory_open(&f->memory, f->path, &options) != EPI_OK) fail_msg("%s", epi_error_last()->message);
}

void fixture_close(fixture *f) {
    assert_int_equal(epi_memory_close(f->memory), EPI_OK);
    nftw(f->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

epi_status fixture_import(fixture *f, const char *text, epi_format format, const char *space, const char *source) {
    epi_import_options options = epi_import_options_default();
    options.format = format;
    options.space = space;
    options.source = source;
    return epi_import(&f->report, f->memory, text, strlen(text), &options);
}

void fixture_imports(fixture *f, const char *text, const char *space, uint64_t steps, uint64_t present,
                     uint64_t skipped) {
    epi_status status = fixture_import(f, text, EPI_FORMAT_AUTO, space, "file");
    if (status != EPI_OK) fail_msg("%s: %s", epi_status_name(status), epi_error_last()->message);
    assert_int_equal(f->report.steps, steps);
    assert_int_equal(f->report.present, present);
    assert_int_equal(f->report.skipped, skipped);
}

void fixture_refuses(fixture *f, const char *text, epi_format format, epi_status status, const char *message) {
    epi_status got = fixture_import(f, text, format, "refused", "file");
    if (got != status) fail_msg("%.60s: %s instead of %s", text, epi_status_name(got), epi_status_name(status));
    if (strstr(epi_error_last()->message, message) == NULL) {
        fail_msg("%.60s: \"%s\" does not say \"%s\"", text, epi_error_last()->message, message);
    }
}

void fixture_refuses_all(fixture *f, epi_format format, const refusal *bad, size_t count) {
    for (size_t i = 0; i < count; i++) {
        fixture_refuses(f, bad[i].text, format, EPI_EFORMAT, bad[i].message);
        (void)epi_space_drop(f->memory, "refused");
    }
}

int fixture_setup(void **state) {
    static fixture f;
    fixture_open(&f);
    *state = &f;
    return 0;
}

int fixture_teardown(void **state) {
    fixture_close(*state);
    return 0;
}

epi_space *fixture_space(fixture *f, const char *name) {
    epi_space *space = NULL;
    if (epi_space_open(&space, f->memory, name, NULL) != EPI_OK) fail_msg("%s", epi_error_last()->message);
    return space;
}

static void write_step(epi__buffer *out, const epi_recalled_step *step) {
    for (size_t i = 0; i < step->part_count; i++) {
        const epi_recalled_part *part = epi_recalled_step_part(step, i);
        bool speaker = strcmp(part->role, "speaker") == 0;
        bool text = strcmp(part->role, "text") == 0;
        if (!speaker && !text) epi__buffer_append_format(out, "%s%s=", i > 0 ? "; " : "", part->role);
        epi__buffer_append(out, part->data, part->size);
        if (speaker) epi__buffer_append_text(out, ": ");
    }
    epi__buffer_append_u8(out, '\n');
}

static void read_episode(epi__buffer *out, epi_space *space, uint64_t id) {
    epi_recollection *found = NULL;
    assert_int_equal(epi_episode_read(&found, space, id, 0, 0), EPI_OK);
    for (size_t i = 0; i < epi_recollection_count(found); i++) {
        const epi_scene *scene = epi_recollection_scene(found, i);
        for (size_t j = 0; j < scene->step_count; j++) write_step(out, epi_scene_step(scene, j));
    }
    epi_recollection_free(found);
}

void fixture_read(epi__buffer *out, fixture *f, const char *name) {
    epi_space *space = fixture_space(f, name);
    epi_timeline *timeline = NULL;
    assert_int_equal(epi_timeline_read(&timeline, space, EPI_TIME_NONE, EPI_TIME_NONE, 0), EPI_OK);
    for (size_t i = 0; i < epi_timeline_count(timeline); i++) {
        read_episode(out, space, epi_timeline_episode(timeline, i)->id);
    }
    epi_timeline_free(timeline);
    epi_space_close(space);
}

static bool append_piece(void *context, const char *text, size_t size) {
    epi__buffer_append(context, text, size);
    return true;
}

void fixture_export(epi__buffer *out, fixture *f, const char *name) {
    epi_space *space = fixture_space(f, name);
    epi__buffer_clear(out);
    if (epi_export(space, append_piece, out) != EPI_OK) fail_msg("%s", epi_error_last()->message);
    epi__buffer_text(out);
    epi_space_close(space);
}

void assert_space_is(fixture *f, const char *name, const char *lines) {
    epi__buffer text = {0};
    fixture_read(&text, f, name);
    assert_string_equal(epi__buffer_text(&text), lines);
    epi__buffer_dispose(&text);
}
