/* cli/completion.h - completion scripts for shells, from the tables of commands, flags and options. */
#pragma once
#include <stdio.h>

void wh_completion_bash(FILE *out);
void wh_completion_zsh(FILE *out);
void wh_completion_fish(FILE *out);
