#!/bin/bash
# Runs the command that the container is given. `executor` is what Spark gives the pods that it asks Kubernetes for:
# it stands for the JVM of an executor, and all that this one is told is in variables of its pod.
set -euo pipefail

if [[ $# -eq 0 ]]; then
    echo "Give a command to run, or 'executor' with the variables that Spark sets in the pods of its executors." >&2
    exit 2
fi
if [[ $1 != executor ]]; then
    exec "$@"
fi

for name in DRIVER_URL EXECUTOR_ID EXECUTOR_CORES EXECUTOR_MEMORY APPLICATION_ID EXECUTOR_POD_IP EXECUTOR_POD_NAME \
    RESOURCE_PROFILE_ID; do
    variable=SPARK_$name
    if [[ -z ${!variable:-} ]]; then
        echo "$variable is not set: 'executor' is for the pods that Spark asks Kubernetes for." >&2
        exit 2
    fi
done

# SPARK_JAVA_OPT_0, SPARK_JAVA_OPT_1, …: one option each, and the order counts.
options=()
while read -r variable; do
    options+=("${!variable}")
done < <(compgen -v SPARK_JAVA_OPT_ | sort -t _ -k 4 -n)

# SPARK_CLASSPATH is spark.executor.extraClassPath (Spark's `k8s.Constants.ENV_CLASSPATH`).
exec java "${options[@]}" "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" \
    -cp "${SPARK_CONF_DIR:+$SPARK_CONF_DIR:}${SPARK_CLASSPATH:+$SPARK_CLASSPATH:}$SPARK_HOME/jars/*" \
    org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
    --driver-url "$SPARK_DRIVER_URL" \
    --executor-id "$SPARK_EXECUTOR_ID" \
    --cores "$SPARK_EXECUTOR_CORES" \
    --app-id "$SPARK_APPLICATION_ID" \
    --hostname "$SPARK_EXECUTOR_POD_IP" \
    --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" \
    --podName "$SPARK_EXECUTOR_POD_NAME"
