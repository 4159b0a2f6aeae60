/* The process systemd sees as a stand-in program: it keeps the true argv as /proc/PID/cmdline and runs node as its child. */
#define _GNU_SOURCE
#include "launching.h"
#include <errno.h>
#include <string.h>

int main(int argc, char **argv) {
  char self[PATH_MAX];
  find_self(self);
  char *slash = strrchr(self, '/');
  *slash = '\0';
  char script[PATH_MAX + 64], beside[PATH_MAX + 8];
  snprintf(script, sizeof script, "%s/js/%s/main.js", self, slash + 1);
  snprintf(beside, sizeof beside, "%s/node", self);
  const char *node = access("/opt/lab/node", X_OK) == 0 ? "/opt/lab/node" : access(beside, X_OK) == 0 ? beside : "node";
  char **args = node_words(script, (size_t)argc);
  for (int i = 1; i < argc; i++) args[i + 3] = argv[i];

  sigset_t old;
  if (fork_child(&old)) {
    execvp(node, args);
    perror(node);
    _exit(127);
  }
  const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
  for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) handle(forwarded[i], forward);
  sigprocmask(SIG_SETMASK, &old, NULL);

  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 1;
  return end_like(status);
}
