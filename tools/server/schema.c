/* schema.c - holding JSON against a schema; see schema.h. Messages name the place as "arguments.tags[2]".
 *
 * A member that is null is one that was left out: many callers send their optional arguments so.
 */
#include <stdio.h>
#include <string.h>

#include "schema.h"

#define NAME_SIZE 200u

typedef struct check {
    char *line;
    size_t size;
} check;

static bool check_value(const check *c, const epi_json *schema, const epi_json *value, const char *name);

static bool is_type(const char *type, const epi_json *value) {
    int64_t whole;
    switch (epi_json_type_of(value)) {
    case EPI_JSON_NULL: return strcmp(type, "null") == 0;
    case EPI_JSON_BOOL: return strcmp(type, "boolean") == 0;
    case EPI_JSON_STRING: return strcmp(type, "string") == 0;
    case EPI_JSON_ARRAY: return strcmp(type, "array") == 0;
    case EPI_JSON_OBJECT: return strcmp(type, "object") == 0;
    case EPI_JSON_NUMBER:
        return strcmp(type, "number") == 0 || (strcmp(type, "integer") == 0 && epi_json_integer(&whole, value));
    case EPI_JSON_ABSENT: break;
    }
    return false;
}

static bool check_type(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    const char *type = epi_json_string(epi_json_member(schema, "type"), NULL);
    if (type == NULL || is_type(type, value)) return true;
    snprintf(c->line, c->size, "%s is no %s", name, type);
    return false;
}

static bool check_enum(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    const epi_json *words = epi_json_member(schema, "enum");
    const char *text = epi_json_string(value, NULL);
    char list[NAME_SIZE] = "";
    if (words == NULL || text == NULL) return true;
    for (const epi_json *word = epi_json_first(words); word != NULL; word = epi_json_next(word)) {
        const char *known = epi_json_string(word, NULL);
        if (known == NULL) continue;
        if (strcmp(known, text) == 0) return true;
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "", known);
    }
    snprintf(c->line, c->size, "%s is \"%.60s\"; it may be %s", name, text, list);
    return false;
}

static bool check_number(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    double number, bound;
    if (!epi_json_number(&number, value)) return true;
    if (epi_json_number(&bound, epi_json_member(schema, "minimum")) && number < bound) {
        snprintf(c->line, c->size, "%s is %.15g; it is at least %.15g", name, number, bound);
        return false;
    }
    if (epi_json_number(&bound, epi_json_member(schema, "maximum")) && number > bound) {
        snprintf(c->line, c->size, "%s is %.15g; it is at most %.15g", name, number, bound);
        return false;
    }
    return true;
}

static bool check_string(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    int64_t least;
    size_t size = 0;
    if (epi_json_string(value, &size) == NULL) return true;
    if (!epi_json_integer(&least, epi_json_member(schema, "minLength")) || size >= (size_t)least) return true;
    snprintf(c->line, c->size, "%s is empty", name);
    return false;
}

static bool check_items(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    const epi_json *items = epi_json_member(schema, "items");
    char element[NAME_SIZE];
    int64_t bound;
    if (epi_json_type_of(value) != EPI_JSON_ARRAY) return true;
    size_t count = epi_json_count(value);
    if (epi_json_integer(&bound, epi_json_member(schema, "minItems")) && count < (size_t)bound) {
        snprintf(c->line, c->size, "%s has %zu elements; it has at least %lld", name, count, (long long)bound);
        return false;
    }
    if (epi_json_integer(&bound, epi_json_member(schema, "maxItems")) && count > (size_t)bound) {
        snprintf(c->line, c->size, "%s has %zu elements; it has at most %lld", name, count, (long long)bound);
        return false;
    }
    size_t i = 0;
    for (const epi_json *each = epi_json_first(value); items != NULL && each != NULL; each = epi_json_next(each)) {
        snprintf(element, sizeof element, "%s[%zu]", name, i++);
        if (!check_value(c, items, each, element)) return false;
    }
    return true;
}

static bool check_required(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    const epi_json *required = epi_json_member(schema, "required");
    for (const epi_json *each = epi_json_first(required); each != NULL; each = epi_json_next(each)) {
        const char *member = epi_json_string(each, NULL);
        if (member == NULL || epi_json_type_of(epi_json_member(value, member)) > EPI_JSON_NULL) continue;
        snprintf(c->line, c->size, "%s lacks \"%s\"", name, member);
        return false;
    }
    return true;
}

static bool check_members(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    const epi_json *properties = epi_json_member(schema, "properties");
    bool closed = epi_json_type_of(epi_json_member(schema, "additionalProperties")) == EPI_JSON_BOOL &&
                  !epi_json_true(epi_json_member(schema, "additionalProperties"));
    char place[NAME_SIZE];
    if (epi_json_type_of(value) != EPI_JSON_OBJECT) return true;
    for (const epi_json *each = epi_json_first(value); each != NULL; each = epi_json_next(each)) {
        const epi_json *form = epi_json_member(properties, epi_json_name(each));
        if (form == NULL && closed) {
            snprintf(c->line, c->size, "%s has no \"%.60s\"", name, epi_json_name(each));
            return false;
        }
        if (epi_json_type_of(each) == EPI_JSON_NULL) continue;
        snprintf(place, sizeof place, "%s.%.100s", name, epi_json_name(each));
        if (form != NULL && !check_value(c, form, each, place)) return false;
    }
    return check_required(c, schema, value, name);
}

static bool check_any(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    const epi_json *branches = epi_json_member(schema, "anyOf");
    for (const epi_json *each = epi_json_first(branches); each != NULL; each = epi_json_next(each))
        if (check_value(c, each, value, name)) return true;
    return branches == NULL; /* the line is the last branch's */
}

static bool check_value(const check *c, const epi_json *schema, const epi_json *value, const char *name) {
    return check_any(c, schema, value, name) && check_type(c, schema, value, name) &&
           check_enum(c, schema, value, name) && check_number(c, schema, value, name) &&
           check_string(c, schema, value, name) && check_items(c, schema, value, name) &&
           check_members(c, schema, value, name);
}

bool schema_holds(char *line, size_t size, const epi_json *schema, const epi_json *value, const char *name) {
    check c = {line, size};
    return check_value(&c, schema, value, name);
}
