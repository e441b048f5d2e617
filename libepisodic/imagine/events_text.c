/* events_text.c - imagined events for a prompt, and as JSON; see events.h. Each line stands by itself: it says that it
 * is imagined, where each bundle comes from, what joins them, and how many witnesses there are. */
#include <episodic/sys/json.h>

#include "../text/text.h"
#include "events.h"

#define MODULE "imagine"
#define SHOWN_MAX 200u /* bytes of a value in a line */

static void put_parts(epi__buffer *out, const epi_imagined_event *event) {
    for (size_t i = 0; i < event->part_count; i++) {
        const epi_imagined_part *part = &event->parts[i];
        size_t valid = epi__utf8_valid(part->data, part->size), size = epi__utf8_cut(part->data, valid, SHOWN_MAX);
        epi__buffer_append_format(out, "%s%s: ", i ? "; " : "", part->role);
        epi__text_append_flat(out, part->data, size);
        if (size < part->size) epi__buffer_append_text(out, "...");
        if (i + 1 == event->part_count || event->parts[i + 1].bundle != part->bundle)
            epi__buffer_append_format(out, " [step %llu]", (unsigned long long)part->source);
    }
}

static void put_event(epi__buffer *out, const epi_imagined_event *event) {
    epi__buffer_append_text(out, "imagined | ");
    put_parts(out, event);
    epi__buffer_append_format(out, " | plausible %.0f %%%s | %zu witness%s", 100.0 * event->plausibility,
                              event->novelty > 0.0 ? "" : ", a memory", event->support,
                              event->support == 1 ? "" : "es");
    for (size_t i = 0; i < event->join_count; i++)
        epi__buffer_append_format(out, "; %s and %s together: step %llu, %zu in all", event->joins[i].from_role,
                                  event->joins[i].to_role, (unsigned long long)event->joins[i].witness,
                                  event->joins[i].witnesses);
    if (event->after)
        epi__buffer_append_format(out, "; follows as step %llu follows step %llu, %zu in all",
                                  (unsigned long long)event->after, (unsigned long long)event->before,
                                  event->witnesses);
    epi__buffer_append_u8(out, '\n');
}

static void json_parts(epi_json_writer *writer, const epi_imagined_event *event) {
    epi_json_begin_array(writer, "parts");
    for (size_t i = 0; i < event->part_count; i++) {
        const epi_imagined_part *part = &event->parts[i];
        epi_json_begin_object(writer, NULL);
        epi_json_put_string(writer, "role", part->role, strlen(part->role));
        epi_json_put_string(writer, "value", part->data, part->size);
        epi_json_put_unsigned(writer, "source", part->source);
        epi_json_put_unsigned(writer, "bundle", part->bundle);
        epi_json_end(writer);
    }
    epi_json_end(writer);
}

static void json_event(epi_json_writer *writer, const epi_imagined_event *event) {
    epi_json_begin_object(writer, NULL);
    epi_json_put_number(writer, "plausibility", event->plausibility);
    epi_json_put_number(writer, "novelty", event->novelty);
    epi_json_put_unsigned(writer, "support", event->support);
    json_parts(writer, event);
    epi_json_begin_array(writer, "joins");
    for (size_t i = 0; i < event->join_count; i++) {
        const epi_event_join *join = &event->joins[i];
        epi_json_begin_object(writer, NULL);
        epi_json_put_string(writer, "from", join->from_role, strlen(join->from_role));
        epi_json_put_string(writer, "to", join->to_role, strlen(join->to_role));
        epi_json_put_unsigned(writer, "witness", join->witness);
        epi_json_put_unsigned(writer, "witnesses", join->witnesses);
        epi_json_end(writer);
    }
    epi_json_end(writer);
    if (event->after) {
        epi_json_put_unsigned(writer, "before", event->before);
        epi_json_put_unsigned(writer, "after", event->after);
        epi_json_put_unsigned(writer, "witnesses", event->witnesses);
    }
    epi_json_end(writer);
}

static epi_status render_json(epi_events *events) {
    epi_json_writer *writer = NULL;
    size_t size = 0;
    EPI__TRY(epi_json_writer_new(&writer, false));
    epi_json_begin_object(writer, NULL);
    epi_json_put_bool(writer, "imagined", true);
    epi_json_put_unsigned(writer, "vetoed", events->vetoed);
    epi_json_begin_array(writer, "events");
    for (size_t i = 0; i < events->count; i++) json_event(writer, &events->items[i]);
    epi_json_end(writer);
    epi_json_end(writer);
    const char *text = epi_json_writer_text(&size, writer);
    events->json = text ? epi__arena_text(&events->arena, text, size) : NULL;
    epi_json_writer_free(writer);
    return events->json ? EPI_OK : epi__fail_memory(MODULE, size);
}

epi_status epi__events_render(epi_events *events) {
    epi__buffer out = {0};
    for (size_t i = 0; i < events->count; i++) put_event(&out, &events->items[i]);
    events->text = out.failed ? NULL : epi__arena_text(&events->arena, out.data, out.size);
    epi_status status = events->text ? EPI_OK : epi__fail_memory(MODULE, out.size);
    epi__buffer_dispose(&out);
    return status ? status : render_json(events);
}
