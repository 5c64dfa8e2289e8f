# A client made by OpenAPI::Client from audit-logs.json, against a Docket that holds the model.
#
#   perl test_openai.pl [-v]       variables: see ../README.md
use v5.36;
use utf8;
use open qw(:std :encoding(UTF-8));
use FindBin;
use lib $FindBin::Bin;
use AuditModel qw(as_written canonical queries);
use List::Util qw(any uniq);
use Mojo::JSON qw(true false to_json);
use Mojo::URL;
use OpenAPI::Client;

my $verbose = any { $_ eq '-v' } @ARGV;
my ($passed, $failed) = (0, 0);
my $url    = setting('DOCKET_URL') =~ s{/\z}{}r;
my $token  = setting('DOCKET_TOKEN');
my $model  = AuditModel->new(setting('DOCKET_MODEL'));
my $client = client($token);
my %some   = (event_types => ['project.created', 'login.failed', 'invite.sent']);
my (@request_ids, @content_types);

sub main () {
  say "OpenAPI::Client $OpenAPI::Client::VERSION (Perl), ", scalar $model->{entries}->@*, ' entries';
  check('the log holds the model', \&holds_model);
  for my $case (queries()->{answered}->@*) {
    check($case->{name}, sub { answered($case) });
  }
  for my $case (queries()->{refused}->@*) {
    next if refused_by_the_client($case->{query});
    check("400 $case->{name}", sub { refused($case) });
  }
  pagination();
  spellings();
  refusals();
  rate_limit();
  check('x-request-id on every answer, never the same', sub {
    equal(scalar(grep {length} @request_ids), scalar(uniq @request_ids), 'request ids');
    equal(join(' ', uniq @content_types), 'application/json', 'content types');
  });
  say "$passed passed, $failed failed";
  exit($failed || !$passed ? 1 : 0);
}

# Everything, both kinds; and nothing foreign between the entries of the model, which the exact
# comparisons of pages rest on.
sub holds_model () {
  for my $tenant_only (false, true) {
    my $query = {tenant_only => $tenant_only};
    my @got   = walk({%$query, limit => 100});
    same_list([of_model(@got)], $query);
    for my $entry (@got) {
      next if exists $model->{place}{$entry->{id}};
      holds(substr($entry->{effective_at}, 1) > $model->{last_second}, "not of the model, but as old: $entry->{id}");
    }
  }
}

sub answered ($case) {
  my $query = $case->{query};
  my @found = $model->list($query);
  equal(!@found ? 1 : 0, $case->{empty} ? 1 : 0, 'model.json and queries.json disagree: empty');
  same_list([of_model(walk({%$query, limit => 100}))], $query);
  same_page($model->bounded($query));
}

sub refused ($case) { fails(ask($case->{query}), 400, $case->{code}, $case->{param}) }

# audit-logs.json says what kind of value a parameter takes, and the client looks.
sub refused_by_the_client ($query) {
  return 1 if defined $query->{limit} && $query->{limit} !~ /\A-?\d+\z/;
  return defined $query->{tenant_only} && !ref $query->{tenant_only};
}

sub pagination () {
  my @plans = ({%some, limit => 1}, {limit => 3}, {limit => 7}, {limit => 100}, {limit => 7, tenant_only => true},
    {limit => 20, order => 'asc'}, {limit => 100, order => 'desc'}, {}, {order => 'asc'});
  for my $plan (@plans) {
    check('pages of ' . to_json($plan), sub { same_list([walk($model->bounded($plan))], $plan) });
  }
  check('the client asked for nothing', sub { same_list([of_model(ask({})->{data}->@*)], {}, 1) });
  check("a collector's cursor",         \&collector);
  my @order   = map { $model->id($_) } $model->sequence('desc');
  my %anchors = ('the newest' => $order[0], 'the second' => $order[1], 'the middle' => $order[300],
    'the last but one' => $order[-2], 'the oldest' => $order[-1], 'the first appended' => $model->id(0));
  $anchors{"entry $_"} = $order[$_ * 37] for 1 .. 10;
  for my $place (sort keys %anchors) {
    for my $query ({}, {tenant_only => true}, \%some, {order => 'asc'}) {
      for my $cursor ('after', 'before') {
        my $name = "$cursor $place, " . to_json($query);
        check($name, sub { around({%$query, $cursor => $anchors{$place}}) });
      }
    }
  }
  my @pairs = ([10, 590], [100, 104], [50, 51], [50, 50], [80, 20], [0, 599]);
  for my $pair (@pairs) {
    my %cursors = (after => $order[$pair->[0]], before => $order[$pair->[1]]);
    check("between $pair->[0] and $pair->[1]", sub { around({%cursors, %$_}) for {}, {order => 'asc'} });
  }
}

sub around ($query) {
  same_page({$model->bounded($query)->%*, limit => $_}) for 1, 3, 100;
  same_page($model->bounded($query));
}

# Keeps `last_id` for ever and asks again, without bounds: sees each entry once, in the order in
# which they were appended.
sub collector () {
  my ($cursor, @got);
  while (1) {
    my $page = ask({order => 'asc', limit => 7, defined $cursor ? (after => $cursor) : ()});
    last if !$page->{data}->@*;
    equal($page->{last_id}, $page->{data}[-1]{id}, 'last_id');
    $cursor = $page->{last_id};
    push @got, of_model($page->{data}->@*);
    holds(@got <= $model->{entries}->@*, 'the pages do not end');
  }
  same_list(\@got, {order => 'asc'});
  equal(scalar ask({order => 'asc', after => $cursor})->{data}->@*, 0, 'asked again');
}

# What this client sends in a way of its own.
sub spellings () {
  my $second = $model->{time}[300] || 1;
  my $wanted = {effective_at => {gte => $second - 9999, lt => $second}};
  my $string = sprintf 'gte,%d,lt,%d', $second - 9999, $second;
  check('range as a string', sub { same_answer(call({effective_at => $string}), $wanted) });
  check('range as a string, other order', sub {
    my $turned = sprintf 'lt,%d,gte,%d', $second, $second - 9999;
    same_answer(call({effective_at => $turned}), $wanted);
  });
  check('range as a hash is refused, not ignored', sub {
    my $tx = call({effective_at => {gte => 1}});
    holds($tx->req->url->to_string =~ /effective_at=HASH%28/, 'the client no longer sends HASH(');
    fails($tx, 400, ['invalid_value', 'invalid_type'], ['effective_at']);
  });
  my $time = "lte,$model->{last_second}";
  check('a single string for a list', sub {
    my %query = (project_ids => ['proj_alpha']);
    same_answer(call({effective_at => $time, 'project_ids[]' => 'proj_alpha'}), $model->bounded(\%query));
  });
  for my $value (true, false) {
    check('boolean as ' . ($value ? 1 : 0), sub {
      my $tx = call({effective_at => $time, tenant_only => $value});
      holds($tx->req->url->query->to_string =~ ($value ? qr/tenant_only=1\b/ : qr/tenant_only=0\b/), 'spelling changed');
      same_answer($tx, $model->bounded({tenant_only => $value}));
    });
  }
}

sub refusals () {
  my $bad = 'sk-admin-' . 'wrong' x 6;
  check('401 without key', sub { fails(client(undef)->call('list-audit-logs' => {}), 401, [undef]) });
  check('401 wrong key', sub {
    my $tx = client($bad)->call('list-audit-logs' => {});
    fails($tx, 401, ['invalid_api_key']);
    holds(index($tx->res->body, $bad) < 0, 'the message holds the key');
  });
  check('401 organization of somebody else', sub {
    my $tx = client($token, 'OpenAI-Organization' => 'org_other')->call('list-audit-logs' => {});
    fails($tx, 401, ['mismatched_organization']);
  });
  check('404 unknown path', sub { fails($client->ua->get("$url/v1/organization/audit_log"), 404, [undef]) });
  for my $method ('post', 'put', 'patch', 'delete') {
    my $path = "$url/v1/organization/audit_logs";
    check("405 $method", sub { fails($client->ua->$method($path), 405, ['method_not_supported']) });
  }
  if (my $no_read = setting('DOCKET_TOKEN_NO_READ', 0)) {
    check('403', sub { fails(client($no_read)->call('list-audit-logs' => {}), 403, [undef]) });
  }
  else { not_tested('403', 'DOCKET_TOKEN_NO_READ is not set') }
  if (my $other = setting('DOCKET_OTHER_ID', 0)) {
    for my $name ('after', 'before') {
      check("cursor of another organization: $name", sub { foreign_cursor($name, $other) });
    }
  }
  else { not_tested('cursor of another organization', 'DOCKET_OTHER_ID is not set') }
}

# The same words for an entry of another organization and for one that never was.
sub foreign_cursor ($name, $other) {
  my @texts;
  for my $cursor ($other, 'x' x length $other) {
    my $tx = ask({$name => $cursor});
    fails($tx, 400, ['invalid_value', 'invalid_type'], [$name]);
    push @texts, $tx->res->text =~ s/\Q$cursor\E/CURSOR/gr;
  }
  equal($texts[0], $texts[1], 'answer to the cursor of another organization');
}

sub rate_limit () {
  my $limited = setting('DOCKET_URL_LIMITED', 0) =~ s{/\z}{}r
    or return not_tested('429', 'DOCKET_URL_LIMITED is not set');
  my $other = client($token, base => "$limited/v1");
  check('429', sub {
    for (1 .. 2000) {
      my $tx = $other->call('list-audit-logs' => {limit => 1});
      next if $tx->res->code == 200;
      fails($tx, 429, ['rate_limit_exceeded'], [undef], 'requests');
      my $wait = $tx->res->headers->header('Retry-After') // '';
      holds($wait =~ /\A\d+\z/ && $wait >= 1 && $wait <= 60, "Retry-After: $wait");
      return;
    }
    die "2000 requests and no 429\n";
  });
}

sub client ($key, %options) {
  my $made = OpenAPI::Client->new("file://$FindBin::Bin/audit-logs.json");
  $made->base_url(Mojo::URL->new(delete $options{base} // "$url/v1"));
  $made->ua->on(start => sub ($ua, $tx) {
    $tx->req->headers->authorization("Bearer $key") if defined $key;
    $tx->req->headers->header($_ => $options{$_}) for keys %options;
  });
  return $made;
}

sub call ($arguments) {
  my $tx = $client->call('list-audit-logs' => $arguments);
  push @request_ids,   $tx->res->headers->header('x-request-id') // '';
  push @content_types, ($tx->res->headers->content_type // '') =~ s/;.*//r;
  return $tx;
}

# Asks with the names of queries.json; a page comes back as a hash, a refusal as the transaction.
sub ask ($query) {
  my %arguments;
  for my $name (keys %$query) {
    my $value = $query->{$name};
    if    ($name eq 'effective_at') { $arguments{$name}     = join ',', map { $_, $value->{$_} } sort keys %$value }
    elsif (ref $value eq 'ARRAY')   { $arguments{"$name\[]"} = $value }
    else                            { $arguments{$name}     = $value }
  }
  my $tx = call(\%arguments);
  return $tx->res->code == 200 ? as_written($tx->res->body) : $tx;
}

sub walk ($query) {
  my ($page, @got);
  do {
    $page = ask({%$query, $page ? (after => $page->{last_id}) : ()});
    die 'status ' . $page->res->code . "\n" if ref $page ne 'HASH';
    push @got, $page->{data}->@*;
    holds(@got <= $model->{entries}->@* + 1000, 'the pages do not end');
  } while ($page->{has_more});
  return @got;
}

sub same_page ($query) { same_answer_of(ask($query), $query) }

sub same_answer ($tx, $query) {
  equal($tx->res->code, 200, 'status');
  same_answer_of(as_written($tx->res->body), $query);
}

sub same_answer_of ($got, $query) {
  die 'status ' . $got->res->code . ' ' . $got->res->text . "\n" if ref $got ne 'HASH';
  equal(canonical($got), canonical($model->answer($query)), 'page of ' . to_json($query));
}

sub same_list ($got, $query, $only_head = 0) {
  my @wanted = map { $model->{entries}[$_] } $model->list($query);
  splice @wanted, scalar @$got if $only_head;
  for my $i (0 .. ($#$got < $#wanted ? $#$got : $#wanted)) {
    equal(canonical($got->[$i]), canonical($wanted[$i]), "entry $i");
  }
  equal(scalar @$got, scalar @wanted, 'number of entries');
}

sub of_model (@entries) {
  return grep { exists $model->{place}{$_->{id}} } @entries;
}

sub fails ($tx, $status, $codes, $params = [undef], $type = 'invalid_request_error') {
  holds(ref $tx ne 'HASH', 'it was answered');
  equal($tx->res->code, $status, 'status');
  my $body = as_written($tx->res->body);
  equal(join(' ', sort keys %$body), 'error', 'members of the body');
  my $error = $body->{error};
  equal(join(' ', sort keys %$error), 'code message param type', 'members of the error');
  equal($error->{type}, $type, 'type');
  among($error->{code},  $codes,  'code');
  among($error->{param}, $params, 'param');
  holds(length $error->{message}, 'the message is empty');
  holds($tx->res->headers->header('x-request-id'), 'no x-request-id');
  holds(($tx->res->headers->content_type // '') =~ m{\Aapplication/json(?:;|\z)}, 'content type');
}

sub check ($name, $run) {
  if (eval { $run->(); 1 }) {
    $passed++;
    say "ok    $name" if $verbose;
    return;
  }
  $failed++;
  say "FAIL  $name\n      ", substr $@, 0, 2000;
}

sub not_tested ($what, $why) { say "NOT TESTED  $what: $why" }

sub holds ($condition, $what) { die "$what\n" if !$condition }

sub equal ($got, $wanted, $what) {
  return if $got eq $wanted;
  die "$what: got $got\n      wanted $wanted\n";
}

sub among ($got, $wanted, $what) {
  return if any { defined $_ && defined $got ? $_ eq $got : defined $_ == defined $got } @$wanted;
  die "$what: got ", $got // 'null', ', wanted one of ', join(' ', map { $_ // 'null' } @$wanted), "\n";
}

sub setting ($name, $needed = 1) {
  my $value = $ENV{$name} // '';
  return $value if length $value || !$needed;
  print STDERR "$name is not set; README.md names the variables\n";
  exit 2;
}

main();
