/* json_read.h - a JSON file as a flat list of its values, each with the path to it: what verify compares, and what a report takes from run.json. */
#ifndef HAEMNET_JSON_READ_H
#define HAEMNET_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct json_value {
    char *path;    /* "figures.image.accuracy.n", "training.history[3].epoch"; dots and brackets inside names stand as they are */
    char *raw;     /* as in the file: 12, "text", null */
    char *text;    /* of a string what it says, else raw */
    double number; /* NaN if it is none */
} json_value;

typedef struct json_list {
    json_value *values;
    size_t n, room;
} json_list;

/* Empty objects and arrays have no value. False after a message that names the file and the line; free_json also then. */
bool read_json(const char *file, const char *text, size_t size, json_list *out);
bool read_json_file(const char *path, json_list *out);
void free_json(json_list *list);
const json_value *json_find(const json_list *list, const char *path); /* NULL = not there */
const char *json_text(const json_list *list, const char *path);      /* of a string; NULL = not there, or none */
double json_number_at(const json_list *list, const char *path);      /* NaN = not there, or none */

#endif
