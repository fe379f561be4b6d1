package workflow

import (
	"reflect"
	"strings"
	"testing"
)

func TestTemplates(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for _, tpl := range Templates() {
		if tpl.Name == "" || tpl.Description == "" || tpl.Version == "" || tpl.LastUpdated == "" {
			t.Errorf("%s lacks a word: %+v", tpl.ID, tpl)
		}
		for _, n := range tpl.Nodes {
			got[tpl.ID] = append(got[tpl.ID], n.ID+" "+n.Type+"/"+n.Subtype)
		}
		if again, problems := Normalize(tpl.Nodes); problems != nil || !reflect.DeepEqual(again, tpl.Nodes) {
			t.Errorf("%s is not normalised: %v", tpl.ID, problems)
		}
	}
	want := map[string][]string{
		"hi_res_partition": {"93fc2ce8-e7c8-424f-a6aa-41460fc5d35d partition/unstructured_api"},
		"hi_res_and_enrichment": {
			"93fc2ce8-e7c8-424f-a6aa-41460fc5d35d partition/unstructured_api",
			"4eb78731-4669-438c-9e2c-c76fcb1c9a52 prompter/openai_image_description",
			"35cacdfe-3ac1-4183-bbf4-826cd88c882c prompter/anthropic_ocr",
			"ee5d4bf2-3783-4818-9f69-9ebbaa8778ea prompter/anthropic_table2html",
		},
		"fast_chunk_embed": {
			"75967e30-e868-4d82-a2a3-2509aeb12a96 partition/unstructured_api",
			"b6f33515-952e-46f2-b82c-3222ad11712c chunk/chunk_by_title",
			"ab8f6464-1e0c-4d52-9150-4a6d4cf22f0b embed/openai",
		},
		"vlm_and_enrichment": {
			"a6d6c2f3-c220-4c0d-8ec4-a6c642411cb0 partition/vlm",
			"bbfed6b2-1b39-417a-9164-85cfe7d3e83d prompter/anthropic_ner",
		},
		"tables_only": {
			"5fa2d842-9847-452d-9127-7bfeb6f6d64e partition/unstructured_api",
			"5426c9a5-030f-4c99-b729-a5688dac2c3a prompter/twopass_table2html",
		},
		"local": {
			"af15e2b0-5003-4311-b997-eb170bc4835a partition/unstructured_api",
			"3de3a55f-42be-4acc-be5f-f07b35e6f88f prompter/local_table2html",
			"ee8826f5-9584-42a6-8af3-ebee16521de7 prompter/local_ner",
			"53b98511-9f3c-4ade-b37e-fdc588946dff chunk/chunk_by_title",
			"119535fb-fa15-402b-919c-caf1d5a0868f embed/local",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestTemplateByID(t *testing.T) {
	t.Parallel()
	tpl, ok := TemplateByID("hi_res_partition")
	if !ok {
		t.Fatal("it is not there")
	}
	settings := tpl.Nodes[0].Settings
	if settings["strategy"] != "hi_res" || settings["pdf_infer_table_structure"] != true {
		t.Errorf("settings %v", settings)
	}
	if _, given := settings["extract_image_block_types"]; given {
		t.Error("the plain template must not need pictures of elements")
	}
	settings["strategy"] = "fast"
	if again, _ := TemplateByID("hi_res_partition"); again.Nodes[0].Settings["strategy"] != "hi_res" {
		t.Error("a caller changed the template")
	}
	if _, ok := TemplateByID("nope"); ok {
		t.Error("nope was found")
	}
}

func TestDefaultNodes(t *testing.T) {
	t.Parallel()
	for workflowType, want := range map[Type]string{
		Basic: "unstructured_api fast", Advanced: "unstructured_api hi_res", Platinum: "vlm <nil>"} {
		nodes := DefaultNodes(workflowType)
		if len(nodes) != 1 {
			t.Fatalf("%s: %v", workflowType, nodes)
		}
		strategy, _ := nodes[0].Settings["strategy"].(string)
		if strategy == "" {
			strategy = "<nil>"
		}
		if got := nodes[0].Subtype + " " + strategy; got != want {
			t.Errorf("%s: got %s, want %s", workflowType, got, want)
		}
	}
	if a, b := DefaultNodes(Basic), DefaultNodes(Basic); a[0].ID == b[0].ID {
		t.Error("two workflows share a node id")
	}
	if nodes := DefaultNodes(Custom); nodes != nil {
		t.Errorf("custom: %v", nodes)
	}
}

func TestParseSchedule(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"every 15 minutes": "*/15 * * * *", "every hour": "0 * * * *", "every 2 hours": "0 */2 * * *",
		"every 4 hours": "0 */4 * * *", "every 6 hours": "0 */6 * * *", "every 8 hours": "0 */8 * * *",
		"every 10 hours": "0 */10 * * *", "every 12 hours": "0 */12 * * *", "daily": "0 0 * * *",
		"weekly": "0 0 * * 0", "monthly": "0 0 1 * *",
	}
	for phrase, cron := range want {
		for _, spelling := range []string{phrase, strings.ToUpper(phrase), "  " + strings.ReplaceAll(phrase, " ", "\t ")} {
			got, err := ParseSchedule(spelling)
			if err != nil || got != cron {
				t.Errorf("%q: %q, %v", spelling, got, err)
			}
		}
		if back := SchedulePhrase(cron); back != phrase {
			t.Errorf("%s: phrase %q, want %q", cron, back, phrase)
		}
	}
	if len(SchedulePhrases()) != len(want) {
		t.Errorf("phrases %v", SchedulePhrases())
	}
	for _, wrong := range []string{"", "sometimes", "every 3 hours", "0 * * * *", "every day"} {
		got, err := ParseSchedule(wrong)
		if err == nil || !strings.Contains(err.Error(), "every 15 minutes, every hour") {
			t.Errorf("%q: %q, %v", wrong, got, err)
		}
	}
	if SchedulePhrase("1 2 3 4 5") != "" {
		t.Error("an unknown expression has a phrase")
	}
}

func TestParseWords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Type{"custom": Custom, "BASIC": Basic, " Advanced ": Advanced, "platinum": Platinum,
		"template": Custom, "Auto": Custom, "gold": "", "": ""} {
		got, ok := ParseType(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %v", in, got, ok)
		}
	}
	for in, want := range map[string]Status{"active": Active, "INACTIVE": Inactive, "paused": ""} {
		got, ok := ParseStatus(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q %v", in, got, ok)
		}
	}
}
