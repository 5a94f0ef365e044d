"""deploy/kubernetes against the schemas of Kubernetes, and its settings against konomi. The schemas
are strict: a field that is not there is an error. And the health check of deploy/compose.yaml."""

import copy
import os
import re
import subprocess

import kubernetes_validate
import pytest
import yaml
from konomi_e2e import BINARY, ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OLDEST, NEWEST = "1.25", "1.37"  # Which kubernetes-validate has schemas of.
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.yaml"))


def documents(name):
    return [document for document in yaml.safe_load_all((FOLDER / name).read_text("utf-8"))
            if document["kind"] not in ("Kustomization", "Component")]


ALL = [document for name in FILES for document in documents(name)]


def pod_of(document):
    spec = document["spec"]
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec["template"]


RUNNING = [document for document in ALL if document["kind"] in ("Deployment", "Job", "CronJob")]
SETTINGS, = [document["data"] for document in ALL if document["kind"] == "ConfigMap"]


def name_of(document):
    return f"{document['kind']} {document['metadata']['name']}"


def check(document, version=NEWEST):
    kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("document", ALL, ids=name_of)
def test_kubernetes_knows_every_field(document, version):
    check(document, version)


@pytest.mark.parametrize("path, wrong", [
    (("spec", "replica"), 2),
    (("spec", "replicas"), "two"),
    (("spec", "template", "spec", "securityContext", "runAsNonroot"), True),
    (("spec", "template", "spec", "containers", 0, "livenessProbe", "httpGet", "pfad"), "/livez"),
    (("spec", "template", "spec", "containers", 0, "resources", "limit"), {"memory": "1Gi"}),
])
def test_a_misspelt_field_is_found(path, wrong):
    document = copy.deepcopy(next(each for each in RUNNING if each["kind"] == "Deployment"))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    with pytest.raises(kubernetes_validate.ValidationError, match=str(path[-1]) + "|two"):
        check(document)


@pytest.mark.parametrize("document", RUNNING, ids=name_of)
def test_konomi_takes_the_settings_and_the_arguments(document):
    container, = pod_of(document)["spec"]["containers"]
    own = {each["name"]: each["value"] for each in container.get("env", [])}
    environment = {"PATH": os.environ["PATH"], **SETTINGS, **own}
    command, *flags = [word.replace("$(JOB_COMPLETION_INDEX)", "3") for word in container["args"]]
    if command == "serve":
        command, flags = "config", ["check", *flags]
    # Nobody listens on port 1. Wrong usage is an exit with 2 at once; right usage looks for Kafka.
    environment |= {"KONOMI_KAFKA_BROKERS": "127.0.0.1:1",
                    "KONOMI_CASSANDRA_CONTACT_POINTS": "127.0.0.1:1"}
    try:
        done = subprocess.run([BINARY, command, *flags], env=environment, timeout=2,
                              capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        assert command != "config"
    else:
        assert done.returncode == (0 if command == "config" else 1), done.stderr


@pytest.mark.parametrize("document", RUNNING, ids=name_of)
def test_nothing_runs_with_more_rights_than_it_needs(document):
    pod = pod_of(document)["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                           "capabilities": {"drop": ["ALL"]}}
        assert container["resources"]["limits"]["memory"]
        assert all(mount["readOnly"] for mount in container.get("volumeMounts", []))


def test_a_pod_has_the_time_to_stop_in_order():
    needed = sum(int(re.fullmatch(r"(\d+)s", SETTINGS[name])[1])
                 for name in ("KONOMI_SHUTDOWN_DELAY", "KONOMI_SHUTDOWN_TIMEOUT"))
    for document in RUNNING:
        if document["kind"] == "Deployment":
            assert pod_of(document)["spec"]["terminationGracePeriodSeconds"] >= 2 * needed


def test_what_selects_pods_selects_some():
    labels = [pod_of(document)["metadata"]["labels"] for document in RUNNING]
    for document in ALL:
        selector = document.get("spec", {}).get("selector")
        if document["kind"] in ("Service", "PodDisruptionBudget", "Deployment"):
            wanted = selector.get("matchLabels", selector)
            assert any(wanted.items() <= each.items() for each in labels), name_of(document)


def test_the_shards_are_as_many_as_the_processes():
    job, = [each for each in RUNNING if each["spec"].get("completionMode") == "Indexed"]
    shard = pod_of(job)["spec"]["containers"][0]["args"][-1]
    assert shard == f"$(JOB_COMPLETION_INDEX)/{job['spec']['completions']}"
    assert job["spec"]["parallelism"] == job["spec"]["completions"]


@pytest.mark.parametrize("document", RUNNING, ids=name_of)
def test_konomi_starts_beside_services_of_its_name(document):
    """Kubernetes tells a pod of every Service by variables such as KONOMI_API_PORT, and konomi ends
    when a KONOMI_ variable is none of its own."""
    links = {f"{each['metadata']['name'].upper().replace('-', '_')}_PORT": "tcp://10.0.0.1:80"
             for each in ALL if each["kind"] == "Service"}
    if pod_of(document)["spec"].get("enableServiceLinks", True) is False:
        links = {}
    done = subprocess.run([BINARY, "config", "check"], env=links, timeout=10, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_kustomizations_name_every_file_and_no_other():
    named = set()
    for path in FOLDER.rglob("kustomization.yaml"):
        kustomization = yaml.safe_load(path.read_text("utf-8"))
        resources = {path.parent / name for name in kustomization.get("resources", [])}
        assert resources == set(path.parent.glob("*.yaml")) - {path}
        named |= resources
        if resources:  # One place says what the image is called.
            image, = kustomization["components"]
            assert (path.parent / image).resolve() == FOLDER / "image"
            assert "images" not in kustomization and kustomization["namespace"] == "konomi"
    assert {path for path in FOLDER.rglob("*.yaml")
            if path.name != "kustomization.yaml"} == named
    # The file of the keys is made by whoever deploys, and must not be committed.
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
    keys, = kustomization["secretGenerator"][0]["files"]
    done = subprocess.run(["git", "check-ignore", "-q", FOLDER / keys], cwd=ROOT, check=False)
    assert done.returncode == 0


def compose_services():
    return yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]


def test_compose_sees_whether_a_role_is_ready(konomi):
    roles = {name: service for name, service in compose_services().items()
             if "KONOMI_ROLES" in service.get("environment", {})}
    assert len(roles) == 8
    for service in roles.values():
        kind, *command = service["healthcheck"]["test"]
        assert kind == "CMD"

    # Compose writes a dollar sign as two.
    def healthy(path):
        words = [word.replace("$$", "$").replace("/readyz", path) for word in command]
        done = subprocess.run(words, env={"PATH": os.environ["PATH"],
                                          "KONOMI_LISTEN": f"127.0.0.1:{konomi.port}"},
                              timeout=10, capture_output=True, check=False)
        return done.returncode == 0

    assert healthy("/readyz")
    assert not healthy("/not-there")
    konomi.stop()
    assert not healthy("/readyz")
