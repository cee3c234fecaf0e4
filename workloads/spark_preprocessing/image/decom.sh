#!/bin/bash
# Kubernetes runs this in an executor's pod before it stops it (spark.kubernetes.decommission.script): the executor is
# told to hand its blocks to others. The pod's grace period, not this, says how long that may take.
set -uo pipefail

for process in /proc/[0-9]*; do
    # The JVM itself, not the init process whose arguments name it as well.
    if [[ $(readlink "$process/exe") == */java ]] && grep -qz KubernetesExecutorBackend "$process/cmdline"; then
        executor=${process#/proc/}
        kill -PWR "$executor"
        while kill -0 "$executor" 2>/dev/null; do sleep 0.5; done
    fi
done
