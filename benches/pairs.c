/* The measuring core of compare.sh: runs commands in turn, so that what else the machine does
 * hits all of them alike, and prints what each one took.
 *
 *   pairs ROUNDS [DAEMON-PID] < CASES        every case once, ROUNDS times
 *   pairs --at-once COUNT < CASES            COUNT processes of each case at the same time
 *
 * A case is a line of fields with tabs between them: a name, a file for standard input, the
 * program, its arguments. `%d` in the input stands for the number of the run, so that each
 * can store something new.
 *
 * Printed, with tabs: name, median wall in ms, 95th percentile, median CPU in ms, mean CPU of
 * the daemon in ms, peak memory in KiB, median of minor page faults, failures, lower quartile of
 * wall in ms.
 *
 * It is in C and small because a process inherits the peak memory of the one that starts it. */

#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CASES = 32, WORDS = 32, LINE = 4096, ROUNDS = 5000 };

extern char **environ;

struct sample {
    float wall, cpu;
    int faults;
};
struct workload {
    char line[LINE], input[LINE], *words[WORDS + 1];
    struct sample *samples;
    double daemon;
    long peak;
    int failures;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static double milliseconds(struct timeval t) { return t.tv_sec * 1e3 + t.tv_usec / 1e3; }

/* CPU time of all of a process's threads in ms. */
static double cpu_of(const char *pid) {
    char path[512], text[128];
    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *tasks = opendir(path);
    double sum = 0;
    for (struct dirent *task; tasks && (task = readdir(tasks));) {
        snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", pid, task->d_name);
        int file = open(path, O_RDONLY);
        ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
        if (length > 0) text[length] = 0, sum += atof(text) / 1e6;
        if (file >= 0) close(file);
    }
    if (tasks) closedir(tasks);
    return sum;
}

/* A file in memory with the input of this run. */
static int input_of(struct workload *work, int number) {
    char text[2 * LINE], digits[16];
    size_t length = 0;
    int digit_count = snprintf(digits, sizeof digits, "%d", number);
    for (const char *c = work->input; *c && length < LINE; c++) {
        if (c[0] == '%' && c[1] == 'd') {
            memcpy(text + length, digits, digit_count);
            length += digit_count;
            c++;
        } else {
            text[length++] = *c;
        }
    }
    int file = memfd_create("input", MFD_CLOEXEC);
    if (file < 0 || write(file, text, length) != (ssize_t)length) err(1, "input");
    lseek(file, 0, SEEK_SET);
    return file;
}

static pid_t start(struct workload *work, int number) {
    posix_spawn_file_actions_t actions;
    int input = input_of(work, number);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t pid;
    if (posix_spawnp(&pid, work->words[0], &actions, NULL, work->words, environ))
        err(1, "%s", work->words[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(input);
    return pid;
}

static void finish(struct workload *work, pid_t pid, double started, struct sample *sample) {
    struct rusage usage;
    int status;
    if (wait4(pid, &status, 0, &usage) < 0) err(1, "wait");
    sample->wall = now() - started;
    sample->cpu = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
    sample->faults = usage.ru_minflt;
    if (usage.ru_maxrss > work->peak) work->peak = usage.ru_maxrss;
    if (status) work->failures++;
}

static int read_case(struct workload *work) {
    if (!fgets(work->line, LINE, stdin)) return 0;
    work->line[strcspn(work->line, "\n")] = 0;
    char *rest = work->line, *word;
    strsep(&rest, "\t");
    char *file = strsep(&rest, "\t");
    int count = 0;
    while (count < WORDS && (word = strsep(&rest, "\t"))) work->words[count++] = word;
    if (!count) errx(1, "a case needs a name, an input and a program");
    FILE *input = fopen(file, "r");
    if (!input) err(1, "%s", file);
    work->input[fread(work->input, 1, LINE - 1, input)] = 0;
    fclose(input);
    return 1;
}

static int by_wall(const void *a, const void *b) {
    float x = ((const struct sample *)a)->wall, y = ((const struct sample *)b)->wall;
    return (x > y) - (x < y);
}
static int by_cpu(const void *a, const void *b) {
    float x = ((const struct sample *)a)->cpu, y = ((const struct sample *)b)->cpu;
    return (x > y) - (x < y);
}
static int by_faults(const void *a, const void *b) {
    return ((const struct sample *)a)->faults - ((const struct sample *)b)->faults;
}

static void print(struct workload *work, int rounds) {
    struct sample *s = work->samples;
    int middle = rounds / 2;
    qsort(s, rounds, sizeof *s, by_wall);
    float quartile = s[rounds / 4].wall;
    printf("%s\t%.2f\t%.2f", work->line, s[middle].wall, s[rounds * 95 / 100].wall);
    qsort(s, rounds, sizeof *s, by_cpu);
    printf("\t%.2f\t%.2f\t%ld", s[middle].cpu, work->daemon / rounds, work->peak);
    qsort(s, rounds, sizeof *s, by_faults);
    printf("\t%d\t%d\t%.2f\n", s[middle].faults, work->failures, quartile);
}

/* All at once: what is printed as wall time is that of the last to end. */
static void at_once(struct workload *work, int count) {
    static pid_t pids[ROUNDS];
    double started = now();
    for (int i = 0; i < count; i++) pids[i] = start(work, i);
    for (int i = 0; i < count; i++) finish(work, pids[i], started, &work->samples[i]);
    double wall = now() - started;
    print(work, count);
    fprintf(stderr, "%s: %d in %.0f ms, %.0f a second\n", work->line, count, wall,
            count / wall * 1e3);
}

int main(int count, char **arguments) {
    static struct workload cases[CASES];
    int parallel = count == 3 && !strcmp(arguments[1], "--at-once");
    if (count < 2 || count > 3) errx(2, "usage: pairs ROUNDS [DAEMON-PID] | --at-once COUNT");
    int rounds = atoi(arguments[1 + parallel]), number = 0;
    const char *daemon = count == 3 && !parallel ? arguments[2] : NULL;
    if (rounds < 1 || rounds > ROUNDS) errx(2, "from 1 to %d", ROUNDS);
    while (number < CASES && read_case(&cases[number])) {
        cases[number].samples = calloc(rounds, sizeof(struct sample));
        if (!cases[number++].samples) err(1, "memory");
    }
    for (int c = 0; parallel && c < number; c++) at_once(&cases[c], rounds);
    if (parallel) return 0;
    for (int round = -1; round < rounds; round++) { /* the first warms up and is not counted */
        for (int c = 0; c < number; c++) {
            struct sample unused;
            double before = daemon ? cpu_of(daemon) : 0, started = now();
            finish(&cases[c], start(&cases[c], round), started,
                   round < 0 ? &unused : &cases[c].samples[round]);
            if (daemon && round >= 0) cases[c].daemon += cpu_of(daemon) - before;
        }
    }
    for (int c = 0; c < number; c++) print(&cases[c], rounds);
}
