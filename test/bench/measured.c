// Runs a program and writes what it and all that it started took: measured FILE SECONDS PROGRAM [ARGUMENT]...
// A daemon that it leaves behind, such as ssh's master, becomes a child of this process: it is ended, and counts.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t late = 0;
static void on_alarm(int signal) {
  (void)signal;
  late = 1;
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double seconds(struct timeval value) { return (double)value.tv_sec + (double)value.tv_usec / 1e6; }

// Sends a signal to each process that is a child of this one.
static void signal_children(int signal) {
  FILE *list = fopen("/proc/thread-self/children", "r");
  int pid;
  if (list == NULL) return;
  while (fscanf(list, "%d", &pid) == 1) kill(pid, signal);
  fclose(list);
}

// Until there is none: what a child leaves behind becomes a child, too.
static void end_children(void) {
  const struct timespec pause = {0, 10 * 1000 * 1000};
  double began = now();
  for (;;) {
    pid_t ended = waitpid(-1, NULL, WNOHANG);
    if (ended < 0 && errno == ECHILD) return;
    if (ended > 0) continue;
    signal_children(now() - began > 5 ? SIGKILL : SIGTERM);
    nanosleep(&pause, NULL);
  }
}

int main(int count, char **words) {
  struct sigaction action = {.sa_handler = on_alarm};
  struct rusage used;
  int status = 0;
  if (count < 4 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return 97;
  sigaction(SIGALRM, &action, NULL);
  alarm((unsigned)atoi(words[2]));
  double began = now();
  pid_t program = fork();
  if (program == 0) {
    execvp(words[3], words + 3);
    _exit(127);
  }
  for (;;) {
    pid_t ended = waitpid(-1, &status, 0);
    if (ended == program) break;
    if (ended < 0 && late) {
      kill(program, SIGKILL);
      late = 0;
    }
  }
  double wall = now() - began;
  end_children();
  getrusage(RUSAGE_CHILDREN, &used);
  FILE *out = fopen(words[1], "w");
  if (out == NULL) return 97;
  fprintf(out, "{\"code\":%d,\"wall\":%.6f,\"user\":%.6f,\"system\":%.6f,\"largestKiB\":%ld}\n",
          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), wall, seconds(used.ru_utime),
          seconds(used.ru_stime), used.ru_maxrss);
  return fclose(out) == 0 ? 0 : 97;
}
