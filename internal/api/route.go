package api

import (
	"net/http"
	"strings"

	"github.com/sluicehq/sluice/internal/store"
)

// route is one row of the table: what the router follows and the OpenAPI document shows.
type route struct {
	method, path string // path in canonical form, with {name} for a parameter
	id           string // operationId
	tag          string
	summary      string
	open         bool // without a key
	outside      bool // not below /api/v1
	query        []parameter
	body         string // schema of a JSON body
	form         []parameter
	status       int    // of success
	answer       string // schema; "" is any JSON
	list         bool   // the answer is an array of it
	handle       func(w http.ResponseWriter, r *request) error
}

// parameter is a path, query or form parameter.
type parameter struct {
	name, in string // in: path, query, form
	kind     string // JSON schema type; string when empty
	format   string // uuid, date-time, binary
	required bool
	many     bool // an array
	help     string
}

// parameters lists the path and query parameters.
func (r route) parameters() []parameter {
	var out []parameter
	for s := range strings.SplitSeq(r.path, "/") {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			p := parameter{name: name, in: "path", required: true, format: "uuid"}
			if name == "template_id" { // a word
				p.format = ""
			}
			out = append(out, p)
		}
	}
	return append(out, r.query...)
}

func q(name, kind, format, help string) parameter {
	return parameter{name: name, in: "query", kind: kind, format: format, help: help}
}

var inputFiles = parameter{name: "input_files", in: "form", format: "binary", many: true, help: "files; input_files[] is the same"}

// table is every route.
func (s *server) table() []route {
	var out []route
	for _, c := range []side{
		{s, store.SideSource, "Source", "source_id"},
		{s, store.SideDestination, "Destination", "destination_id"},
	} {
		out = append(out, c.table()...)
	}
	out = append(out,
		route{method: "GET", path: "/workflows", id: "list_workflows", tag: "workflows", summary: "List workflows, 20 a page.",
			query: []parameter{
				q("source_id", "", "uuid", "that read from it"), q("destination_id", "", "uuid", "that write to it"),
				q("status", "", "", "active or inactive"), q("name", "", "", "part of the name, in any case"),
				q("page", "integer", "", "from 1"), q("page_size", "integer", "", "1 to 100; 20"),
				q("sort_by", "", "", "id, name, created_at, updated_at or status"), q("sort_direction", "", "", "asc or desc"),
				q("created_since", "", "date-time", "inclusive"), q("created_before", "", "date-time", "exclusive"),
				q("dag_node_configuration_id", "", "", "of a node or connector"),
				q("show_only_soft_deleted", "boolean", "", "the deleted ones instead"),
				q("show_recommender_workflows", "boolean", "", "without effect"),
			}, status: 200, answer: "WorkflowInformation", list: true, handle: s.listWorkflows},
		route{method: "POST", path: "/workflows", id: "create_workflow", tag: "workflows", summary: "Create a workflow.",
			body: "CreateWorkflow", status: 200, answer: "WorkflowInformation", handle: s.createWorkflow},
		route{method: "GET", path: "/workflows/{workflow_id}", id: "get_workflow", tag: "workflows", summary: "Get a workflow.",
			status: 200, answer: "WorkflowInformation", handle: s.getWorkflow},
		route{method: "PUT", path: "/workflows/{workflow_id}", id: "update_workflow", tag: "workflows",
			summary: "Change what the body names; null clears schedule and connectors.",
			body:    "UpdateWorkflow", status: 200, answer: "WorkflowInformation", handle: s.updateWorkflow},
		route{method: "DELETE", path: "/workflows/{workflow_id}", id: "delete_workflow", tag: "workflows",
			summary: "Delete a workflow; its jobs stay.", status: 200, handle: s.deleteWorkflow},
		route{method: "POST", path: "/workflows/{workflow_id}/run", id: "run_workflow", tag: "workflows",
			summary: "Start a job; a workflow without a source takes files.",
			query: []parameter{q("force_delete_removed", "boolean", "",
				"an addition of this server: remove what left the sources even when it is more than a fifth of the known documents; a form field is the same")},
			form: []parameter{inputFiles}, status: 202, answer: "JobInformation", handle: s.runWorkflow},
		route{method: "POST", path: "/workflows/{workflow_id}/dry-run", id: "dry_run_workflow", tag: "workflows",
			summary: "An addition of this server: list what a run would do with each document of the sources, and do nothing.",
			query: []parameter{
				q("limit", "integer", "", "documents shown, 1 to 10000; 1000"),
				q("unchanged", "boolean", "", "show those that a run would leave alone too"),
			}, status: 200, answer: "DryRun", handle: s.dryRun},

		route{method: "GET", path: "/templates", id: "list_templates", tag: "templates", summary: "List templates.",
			status: 200, answer: "TemplateListItem", list: true, handle: s.listTemplates},
		route{method: "GET", path: "/templates/{template_id}", id: "get_template", tag: "templates", summary: "Get a template with its nodes.",
			status: 200, answer: "TemplateDetail", handle: s.getTemplate},

		route{method: "GET", path: "/jobs", id: "list_jobs", tag: "jobs", summary: "List jobs, newest first.",
			query: []parameter{
				q("workflow_id", "", "uuid", "of this workflow"), q("status", "", "", "scheduled, in progress, completed, stopped or failed"),
				q("page", "integer", "", "from 1"), q("page_size", "integer", "", "1 to 1000"),
			}, status: 200, answer: "JobInformation", list: true, handle: s.listJobs},
		route{method: "POST", path: "/jobs", id: "create_job", tag: "jobs", summary: "Run uploaded files through a template or nodes, once.",
			form: []parameter{
				{name: "request_data", in: "form", required: true, help: "JSON text with template_id or job_nodes"}, inputFiles,
			}, status: 200, answer: "JobInformation", handle: s.createJob},
		route{method: "GET", path: "/jobs/{job_id}", id: "get_job", tag: "jobs", summary: "Get a job.",
			status: 200, answer: "JobInformation", handle: s.getJob},
		route{method: "GET", path: "/jobs/{job_id}/details", id: "get_job_details", tag: "jobs", summary: "Count a job's files at each node.",
			status: 200, answer: "JobDetails", handle: s.jobDetails},
		route{method: "GET", path: "/jobs/{job_id}/failed-files", id: "get_job_failed_files", tag: "jobs",
			summary: "List the files that failed, with their reasons.", status: 200, answer: "JobFailedFiles", handle: s.failedFiles},
		route{method: "POST", path: "/jobs/{job_id}/cancel", id: "cancel_job", tag: "jobs", summary: "Stop a job.",
			status: 200, handle: s.cancelJob},
		route{method: "POST", path: "/jobs/{job_id}/retry", id: "retry_job", tag: "jobs",
			summary: "Run the failed files of an ended job again, from their last finished node.",
			status:  202, answer: "JobInformation", handle: s.retryJob},
		route{method: "GET", path: "/jobs/{job_id}/download", id: "download_job_output", tag: "jobs",
			summary: "Download the elements that a node gave for an uploaded file.",
			query: []parameter{
				{name: "file_id", in: "query", required: true, help: "from input_file_ids"}, q("node_id", "", "", "the last node if absent"),
				q("format", "", "", "json if absent, ndjson, markdown, html or text"),
			}, status: 200, answer: "Element", list: true, handle: s.downloadOutput},

		route{method: "POST", path: general, id: "partition", tag: "general", outside: true,
			summary: "Cut files into elements and answer with them.",
			form:    partitionForm(), status: 200, answer: "Element", list: true, handle: s.partition},
		route{method: "GET", path: "/connector-types", id: "list_connector_types", tag: "connectors",
			summary: "List every connector type with the fields of its config.", status: 200, handle: s.connectorTypes},

		route{method: "GET", path: "/openapi.json", id: "openapi", tag: "service", open: true, outside: true,
			summary: "This description.", status: 200, handle: s.getOpenAPI},
		route{method: "GET", path: "/docs", id: "docs", tag: "service", open: true, outside: true,
			summary: "This description as a page.", status: 200, handle: s.getDocs},
		route{method: "GET", path: "/healthcheck", id: "healthcheck", tag: "service", open: true, outside: true,
			summary: "Answers while the process lives.", status: 200, handle: s.healthcheck},
		route{method: "GET", path: "/healthz", id: "healthz", tag: "service", open: true, outside: true,
			summary: "Answers while the process lives.", status: 200, handle: s.healthz},
		route{method: "GET", path: "/readyz", id: "readyz", tag: "service", open: true, outside: true,
			summary: "Answers 200 when the process can do its work, else 503; each check says what is wrong.", status: 200, handle: s.readyz},
	)
	return out
}

// table is the routes of sources or of destinations.
func (s side) table() []route {
	base, one := "/"+string(s.side)+"s", string(s.side)
	item, info, tag := base+"/{"+s.id+"}", s.name+"ConnectorInformation", one+"s"
	return []route{
		{method: "GET", path: base, id: "list_" + tag, tag: tag, summary: "List " + one + " connectors.",
			query:  []parameter{q(one+"_type", "", "", "of this type, in any case")},
			status: 200, answer: info, list: true, handle: s.list},
		{method: "POST", path: base, id: "create_" + one, tag: tag, summary: "Create a " + one + " connector.",
			body: "CreateConnector", status: 200, answer: info, handle: s.create},
		{method: "GET", path: item, id: "get_" + one, tag: tag, summary: "Get a " + one + " connector; secrets are masked.",
			status: 200, answer: info, handle: s.get},
		{method: "PUT", path: item, id: "update_" + one, tag: tag,
			summary: "Replace the config; a secret given as its mask stays.",
			body:    "UpdateConnector", status: 200, answer: info, handle: s.update},
		{method: "DELETE", path: item, id: "delete_" + one, tag: tag,
			summary: "Delete a " + one + " connector and take it out of workflows.", status: 200, handle: s.remove},
		{method: "POST", path: item + "/connection-check", id: "create_connection_check_" + tag, tag: tag,
			summary: "Start a connection check.", status: 202, answer: "DagNodeConnectionCheck", handle: s.startCheck},
		{method: "GET", path: item + "/connection-check", id: "get_connection_check_" + tag, tag: tag,
			summary: "Get the newest connection check.", status: 200, answer: "DagNodeConnectionCheck", handle: s.getCheck},
	}
}
